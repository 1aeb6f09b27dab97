// SPDX-License-Identifier: BSL-1.0
// Where the page starts: sign in, build the frame, show the screen that the address names.
import * as api from './api.js';
import * as session from './session.js';
import * as world from './world.js';
import { el, fill } from './el.js';
import { ask, holdsWork, topDialog, tryCloseAll } from './dialog.js';
import { frame } from './frame.js';
import { setScreenKeys, showKeys, startKeyboard } from './keyboard.js';
import { keepFocus } from './keep_focus.js';
import { follow, go, placeOf } from './router.js';
import { losesWork, signInOver, signInScreen } from './signin.js';
import { live, panel, problemPanel } from './states.js';
import { button } from './controls.js';
import { screenShown, undoLast } from './undo.js';
import { screen as activity } from './activity.js';
import { screen as environmentGeneral } from './environment_general.js';
import { screen as environments } from './environments.js';
import { screen as environmentSecrets } from './environment_secrets.js';
import { screen as keys } from './keys.js';
import { screen as matrix } from './matrix.js';
import { screen as requirements } from './requirements.js';
import { screen as search } from './search.js';
import { screen as spaceOverview } from './space_overview.js';
import { screen as spaceSecrets } from './space_secrets.js';
import { screen as spaces } from './spaces.js';
import { screen as tokens } from './tokens.js';

const anywhere = { environments, search, activity };
const inEnvironment = { secrets: environmentSecrets, spaces, matrix, activity, requirements, tokens, keys, general: environmentGeneral };
const inSpace = { overview: spaceOverview, secrets: spaceSecrets, tokens, activity };

const outlet = document.getElementById('page');
let around = null;
let current = null;
let shown = 0;

function screenOf(place) {
    const screens = place.spaceId !== undefined ? inSpace : place.environmentId !== undefined ? inEnvironment : anywhere;
    return Object.hasOwn(screens, place.screen) ? screens[place.screen] : undefined;
}

/** Where the reader is on the screen that is shown. */
const look = () => ({
    top: scrollY, focus: document.activeElement?.closest('main [data-focus]')?.dataset.focus, of: current?.look?.(),
});

/** Goes on where the reader was, as `look` had it. */
function lookAgain({ top, focus }) {
    const element = focus && outlet.querySelector(`main [data-focus="${CSS.escape(focus)}"]`);
    scrollTo(0, top);
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: 'nearest' });
}

/** `seen`: what `look` said when one left it. `anew`: it is there already, and whoever reads it stays where they are. */
async function show(place, seen, { anew = false } = {}) {
    shown += 1;
    const mine = shown;
    current?.close?.();
    current = null;
    screenShown(null);
    setScreenKeys(undefined);
    while (topDialog()) topDialog().close();
    const make = screenOf(place);
    if (!make) {
        around.show(place, { nodes: panel('search', 'There is no such screen', null, button('Environments', { act: () => go({ screen: 'environments' }) })) });
        return;
    }
    if (place.spaceId !== undefined) {
        try {
            await world.learnSpaceName(place.environmentId, place.spaceId);
        } catch (problem) {
            if (problem.name !== 'ApiError') throw problem;
            if (mine === shown) around.show(place, { nodes: problemPanel(problem, () => show(place, seen)) });
            return;
        }
        if (mine !== shown) return;
    }
    current = make(place, seen?.of);
    setScreenKeys(current.keys);
    screenShown(current.refresh ?? (() => drawAnew()));
    around.show(place, current);
    const title = current.title ?? outlet.querySelector('h1')?.textContent ?? '';
    document.title = title ? `${title} – Coffer` : 'Coffer';
    if (anew) return;
    // Where the reader goes on: the new screen's title, but not on the first one.
    if (mine > 1) outlet.querySelector('main h1')?.focus({ preventScroll: true });
    scrollTo(0, 0);
    if (!seen) return;
    await current.ready;
    if (mine === shown && scrollY === 0) lookAgain(seen); // unless one went on by oneself
}

/** Draws the screen that is there once more, unless something is typed over it. */
function drawAnew() {
    if (!holdsWork()) show(placeOf(location.hash), undefined, { anew: true });
}

/** The environment that keys like `g s` speak of: this one, or the first. */
const hereEnvironment = () => placeOf(location.hash).environmentId ?? world.environments()[0]?.id;
function goIn(screen) {
    const environmentId = hereEnvironment();
    if (environmentId !== undefined) go({ environmentId, screen });
}

/** Asks what has to be asked before another screen takes the place of this one. */
async function mayLeave() {
    if (!await tryCloseAll()) return false;
    const text = current?.busyWith?.();
    if (text === undefined) return true;
    const sure = await ask({ title: 'Stop and leave?', text, yes: 'Stop and leave', no: 'Stay', danger: true });
    if (sure) current.close();
    return sure;
}

/** Asks who is signed in and what environments there are, and says so while that takes long or fails. */
function begin() {
    return new Promise((resolve) => {
        const view = live({
            async load(signal) {
                session.know(await api.whoami(undefined, { signal }));
                await Promise.race([world.refresh(), new Promise((_, refuse) => { signal.addEventListener('abort', () => refuse(signal.reason)); })]);
                return {};
            },
            draw() {
                view.close();
                resolve();
                return [];
            },
        });
        fill(outlet, el('main', { class: 'signin' }, el('h1', { class: 'unseen' }, 'Coffer'), view.outlet));
        view.refresh();
    });
}

async function start() {
    api.whenSessionEnds(async () => {
        if (!around) await signInScreen(outlet);
        else await signInOver();
    });
    if (!session.token()) await signInScreen(outlet);
    await begin();
    around = frame(outlet);
    keepFocus();
    startKeyboard({
        '?': showKeys, z: undoLast, 'g e': () => go({ screen: 'environments' }), 'g s': () => goIn('spaces'), 'g m': () => goIn('matrix'),
    });
    // Environments are on screens as well: they are drawn anew when one changes.
    world.onChange(() => {
        if (topDialog()) return;
        if (current?.worldChanged) current.worldChanged();
        else if (placeOf(location.hash).screen === 'general') show(placeOf(location.hash), undefined, { anew: true });
    });
    // What may be made and changed is another while the store does not answer.
    let wasStale = session.isStale();
    session.onKnown(() => {
        if (session.isStale() !== wasStale) world.refresh();
        wasStale = session.isStale();
    });
    follow(show, { look, stays: () => holdsWork() || current?.busyWith?.() !== undefined, leave: mayLeave });
}

// What is typed is nowhere but here.
addEventListener('beforeunload', (event) => { if (losesWork() || current?.busyWith?.() !== undefined) event.preventDefault(); });
// A page out of the browser's memory must not show what was there before the sign-out.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
start();
