// SPDX-License-Identifier: BSL-1.0
// A server with a small company in it, and people of each role.
import path from 'node:path';
import { Coffer } from '../javascript/coffer.mjs';

const day = 86_400_000;

export class Site extends Coffer {
  // With data; `people` get their tokens and sessions when they are first asked for.
  static async open(options = {}) {
    const made = new Site();
    try {
      made.run(['env', 'create', 'Production', '--id', 'prod', '--prod', '--yes']);
      made.run(['env', 'create', 'Staging', '--id', 'staging']);
      for (const [id, name] of spaces) made.run(['space', 'create', name, '--id', id, '-e', 'prod', '--yes']);
      made.token = made.run(['token', 'create', '--full', '--name', 'Ana']).trim();
      await made.serve(options.audit === false ? options : { ...options, args: [...(options.args ?? []), '--audit', path.join(made.root, 'audit')] });
      if (options.data !== false) await made.fill();
    } catch (error) {
      await made.end();
      throw error;
    }
    return made;
  }

  people = new Map();

  // The token of somebody: `ana` may do everything; others have the grant of their role.
  async tokenOf(person) {
    if (person === 'ana') return this.token;
    if (!this.people.has(person)) this.people.set(person, { token: (await this.must('POST', '/v1/x/tokens', grants[person])).data.token });
    return this.people.get(person).token;
  }

  async session(person = 'ana') {
    const token = await this.tokenOf(person);
    if (!this.people.has(person)) this.people.set(person, { token });
    const known = this.people.get(person);
    if (!known.session) {
      const answer = await this.ask('POST', '/v1/x/session', { token, body: {}, headers: { 'sec-fetch-site': 'same-origin' } });
      if (answer.status !== 200) throw new Error(`no session for ${person}: ${answer.status} ${answer.text}`);
      known.session = answer.json.data;
    }
    return known.session;
  }

  async put(where, name, value, { by, ...more } = {}) {
    return this.must('PUT', `/v1/x/secret?${query({ ...where, name })}`, { value, ...more }, by);
  }

  // A request that succeeds, by somebody's token: Ana's, if nobody is named.
  async must(method, target, body, by = 'ana') {
    const answer = await this.ask(method, target, { body, token: await this.tokenOf(by) });
    if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async fill() {
    const soon = new Date(Date.now() + 9 * day).toISOString().slice(0, 10);
    await this.put(prod, 'SLACK_TOKEN', 'xoxb-0');
    await this.put(acme, 'SLACK_TOKEN', 'xoxb-acme', { note: 'acme’s own workspace' });
    await this.put(prod, 'SLACK_TOKEN', 'xoxb-1', { note: 'ask the Slack admin', rotateBy: soon, by: 'admin' });
    await this.put(prod, 'DB_URL', 'postgres://app:pw@db/prod', { note: 'read-only role', by: 'deploy' });
    await this.put(prod, 'BETA_KEY', 'beta-1');
    await this.put(prod, 'S3_ACCESS_KEY', 's3-1', { note: 'uploads bucket' });
    await this.put(prod, 'SENTRY_DSN', 'https://key@sentry/1');
    await this.put(acme, 'ACME_SFTP_KEY', 'sftp-1', { note: 'their server' });
    await this.must('POST', `/v1/x/secret/hide?${query({ ...acme, name: 'BETA_KEY' })}`, {});
    await this.put(bolt, 'SLACK_TOKEN', 'xoxb-bolt');
    await this.put({ ...prod, spaceId: 'globex', actorId: 'us_usr_1' }, 'SENTRY_DSN', 'personal');
    await this.must('PUT', '/v1/x/requirements?environmentId=prod', {
      requirements: { billing: [{ name: 'STRIPE_KEY', pattern: 'sk_live_*' }, { name: 'DB_URL' }], notifier: [{ name: 'SLACK_TOKEN' }] },
    });
  }
}

export const prod = { environmentId: 'prod' };
export const acme = { environmentId: 'prod', spaceId: 'acme' };
export const bolt = { environmentId: 'prod', spaceId: 'bolt' };
export const query = (fields) => new URLSearchParams(Object.entries(fields)).toString();

const spaces = [['acme', 'Customer Acme'], ['bolt', 'Customer Bolt'], ['globex', 'Globex'], ['initech', 'Initech']];
const grants = {
  operator: { name: 'Olga', grants: [{ role: 'operator' }] },
  stagingAdmin: { name: 'Ben', grants: [{ role: 'env-admin', environmentId: 'staging' }] },
  admin: { name: 'Ben', grants: [{ role: 'env-admin', environmentId: 'prod' }] },
  spaceAdmin: { name: 'Sam', grants: [{ role: 'space-admin', environmentId: 'prod', spaceId: 'acme' }] },
  twoPlaces: { name: 'Tess', grants: [{ role: 'env-admin', environmentId: 'staging' }, { role: 'space-admin', environmentId: 'prod', spaceId: 'acme' }] },
  deploy: { name: 'deploy-bot', grants: [{ role: 'service', environmentId: 'prod', write: true }] },
  service: { name: 'listener', grants: [{ role: 'service', environmentId: 'prod' }] },
  auditor: { name: 'Audrey', grants: [{ role: 'auditor' }] },
};
