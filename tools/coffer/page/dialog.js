// SPDX-License-Identifier: BSL-1.0
// Dialogs and the drawer: the browser's own modal dialogs, so focus is kept inside, the rest is out
// of reach, and the one who opened it gets the focus back.
import { el, freshId } from './el.js';
import { button, pictureButton } from './controls.js';

const open = [];

/** The dialog on top, or nothing. */
export function topDialog() {
    return open.at(-1);
}

/** Whether closing what is open, but for one dialog, would lose what somebody typed, or interrupt a save. */
export function holdsWork(but) {
    return open.some((one) => one !== but && one.holdsWork());
}

/** Closes what is open, from the top, asking where work would be lost; resolves to whether all of it is closed. */
export async function tryCloseAll() {
    while (open.length > 0) {
        const top = topDialog();
        await top.tryClose();
        if (open.includes(top)) return false;
    }
    return true;
}

/** Where the focus is, or was, in a way that survives a redrawing of the list that it is in: what puts it back. */
export function rememberFocus(element = document.activeElement) {
    const key = element?.closest('[data-focus]')?.dataset.focus;
    return () => {
        if (element?.isConnected && element !== document.body) element.focus();
        else if (key) document.querySelector(`[data-focus="${CSS.escape(key)}"]`)?.focus();
    };
}

const typedIsLost = { title: 'Discard what you typed?', text: 'It is only in this dialog.', yes: 'Discard', no: 'Go on typing' };

/**
 * Opens a modal dialog.
 *  title    a text or node for its head
 *  body     nodes; footer: its buttons
 *  submit   called when its form is submitted (Enter in a field, Ctrl+Enter anywhere)
 *  dirty    says whether closing would lose something; without it: whether any field was changed
 *  losing   what is asked then, as `ask` has it; without it: whether what was typed may go
 *  closed   called once it is closed
 */
export function openDialog({ title, body, footer, submit, dirty, losing = typedIsLost, closed, kind = '', role }) {
    const id = freshId('dialog');
    const back = rememberFocus();
    const handle = { close, tryClose, holdsWork, element: null, busy, focusBody: () => element.querySelector('.dialog-body').focus() };
    const form = el('form', { class: 'dialog-form', novalidate: true, method: 'dialog', on: { submit: submitted } },
        el('header', { class: 'dialog-head' },
            el('h2', { id }, title),
            pictureButton('close', 'Close', tryClose)),
        // Details may be higher than the window, and hold nothing else that the keyboard could scroll them by.
        el('div', { class: 'dialog-body', tabindex: kind === 'drawer' ? '0' : undefined }, body),
        footer && el('footer', { class: 'dialog-foot' }, footer));
    const element = el('dialog', {
        class: `dialog ${kind}`, 'aria-labelledby': id, role,
        on: { keydown: keyed, cancel: (event) => { event.preventDefault(); tryClose(); } },
    }, form);
    handle.element = element;

    const fields = () => JSON.stringify([...form.querySelectorAll('input, textarea, select')].map((one) => (one.type === 'checkbox' ? one.checked : one.value)));
    let asOpened = '';
    const isBusy = () => element.getAttribute('aria-busy') === 'true';
    const isDirty = () => dirty?.() ?? fields() !== asOpened;

    function holdsWork() {
        return isBusy() || isDirty();
    }
    function submitted(event) {
        event.preventDefault();
        if (!isBusy()) submit?.();
    }
    function keyed(event) {
        event.stopPropagation(); // the page's own keys are off while a dialog is open
        if (event.key === 'Escape' && !event.defaultPrevented) {
            event.preventDefault();
            tryClose();
        } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit) {
            event.preventDefault();
            form.requestSubmit();
        } else handle.keys?.(event);
    }
    async function tryClose() {
        if (isBusy()) return;
        if (!isDirty() || await ask({ ...losing, danger: true })) close();
    }
    function close() {
        if (!open.includes(handle)) return;
        open.splice(open.indexOf(handle), 1);
        for (const one of element.querySelectorAll('[data-survives]')) (topDialog()?.element ?? document.body).append(one);
        element.close();
        element.remove();
        back();
        closed?.();
    }
    function busy(is) {
        element.setAttribute('aria-busy', String(is));
    }
    document.body.append(element);
    open.push(handle);
    // What tells of the last change is out of reach behind a drawer: it comes along, and goes back at its end. Over
    // other dialogs it would lie on their buttons.
    if (kind === 'drawer') for (const one of document.querySelectorAll('[data-survives]')) element.append(one);
    element.showModal();
    asOpened = fields();
    (element.querySelector('[autofocus]') ?? element.querySelector('.dialog-body input, .dialog-body textarea, .dialog-body select, .dialog-body[tabindex]')
        ?? element.querySelector('.dialog-foot button') ?? element).focus();
    return handle;
}

/** Asks a question; resolves to whether it was answered with yes. Where that is dangerous, Enter alone is a no. */
export function ask({ title, text, body, yes, no = 'Cancel', danger = false, typed, kind = 'narrow' }) {
    return new Promise((resolve) => {
        let answer = false;
        const word = typed && el('input', {
            type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off',
            'aria-label': `Type ${typed} to go on`, on: { input: check },
        });
        const go = button(yes, {
            kind: danger ? 'danger' : 'primary', type: 'submit',
            more: typed ? { 'aria-disabled': 'true' } : { autofocus: !danger },
        });
        function check() {
            go.setAttribute('aria-disabled', String(word.value !== typed));
        }
        const dialog = openDialog({
            title, kind, role: 'alertdialog',
            body: [
                text && el('p', {}, text), body,
                typed && el('p', { class: 'typed' }, 'Type ', el('strong', { class: 'mono' }, typed), ' to go on.'), word,
            ],
            footer: [button(no, { act: () => dialog.close(), more: { autofocus: danger && !typed } }), go],
            dirty: () => false,
            submit() {
                if (typed && word.value !== typed) return;
                answer = true;
                dialog.close();
            },
            closed: () => resolve(answer),
        });
    });
}
