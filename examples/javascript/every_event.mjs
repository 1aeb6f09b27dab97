// SPDX-License-Identifier: BSL-1.0
// A secret looked up on every event, in the event's own environment and space.
import { notify } from './slack.mjs';

export default function everyEvent(listener) {
  listener.on('**', async (event) => {
    const token = await event.secrets('SLACK_TOKEN');
    await notify(token, `${event.topic} happened`);
  });
}
