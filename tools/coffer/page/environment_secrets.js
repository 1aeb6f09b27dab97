// SPDX-License-Identifier: BSL-1.0
// Developer Settings → Secrets: what every space of an environment is given.
import * as world from './world.js';
import { count, el, named } from './el.js';
import { button, copyButton } from './controls.js';
import { crumbs } from './head.js';
import { shellWord } from './key_commands.js';
import { secretsScreen } from './secrets_screen.js';
import { panel } from './states.js';
import { isDue, needsAttention } from './words.js';

export function screen(place, seen) {
    const where = { environmentId: place.environmentId };
    const name = world.environmentName(place.environmentId);
    const one = `coffer set SLACK_TOKEN --env=${shellWord(place.environmentId)}`;
    const lines = `${one}\n${one} --space=ID`;
    return secretsScreen({
        where, label: `Secrets of ${name}`, title: ['Secrets of ', named(name)],
        way: crumbs(place, 'Secrets'),
        groups(rows) {
            const live = rows.filter((row) => row.state !== 'removed');
            return [
                { key: 'all', label: 'All', rows: live },
                { key: 'over', label: 'Overridden somewhere', rows: live.filter((row) => (row.usedBy?.over ?? 0) > 0) },
                { key: 'attention', label: 'Needs attention', rows: live.filter(needsAttention) },
                { key: 'removed', label: 'Removed', rows: rows.filter((row) => row.state === 'removed') },
            ].filter((group) => group.key === 'all' || group.rows.length > 0);
        },
        summary(rows) {
            const live = rows.filter((row) => !['removed', 'missing'].includes(row.state));
            const over = live.filter((row) => (row.usedBy?.over ?? 0) > 0).length;
            const due = live.filter(isDue).length;
            return rows.length > 0 && [count(live.length, 'name'), over > 0 && ` · ${over} overridden somewhere`,
                due > 0 && ` · ${due} due`];
        },
        empty: ({ newSecret, paste, reason }) => panel('empty', 'No secrets yet',
            [el('p', {}, 'A secret set here is given to every space.'),
                el('p', { class: 'faint' }, 'Or with the command:'),
                el('pre', { class: 'code' }, lines), copyButton('Copy both lines', () => lines, 'Two lines'),
                el('p', { class: 'faint' }, 'The second is for one space, in place of it.')],
            button('New secret', { kind: 'primary', reason, act: newSecret }),
            button('Paste .env', { reason, act: paste })),
    }, place.query, seen);
}
