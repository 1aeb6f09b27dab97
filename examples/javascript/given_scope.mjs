// SPDX-License-Identifier: BSL-1.0
// The same look-up in an environment and a space of one's own choice, wherever the event comes from.
import { notify } from './slack.mjs';

const where = { environmentId: 'us_env_123', spaceId: 'us_spa_123' };

export default function givenScope(listener) {
  listener.on('space:created', async (event) => {
    const token = await event.secrets('SLACK_TOKEN', where);
    await notify(token, `${event.topic} happened`);
  });
}
