// SPDX-License-Identifier: BSL-1.0
// Gives one event to a listener: node run.mjs LISTENER.mjs EVENT.json
//
// AGENT_INTERNAL_URL   the server, such as http://127.0.0.1:8460
// FLATFILE_BEARER_TOKEN   a token of it: coffer token create --role service …
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlatfileListener } from '@flatfile/listener';

const [file, event] = process.argv.slice(2);
const { default: setup } = await import(pathToFileURL(path.resolve(file)));
await FlatfileListener.create(setup).dispatchEvent(JSON.parse(fs.readFileSync(event, 'utf8')));
