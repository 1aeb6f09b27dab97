// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"

namespace command::manual {

auto about_json() -> std::string_view {
    return R"(With `--json` a verb writes one object on one line; `set` writes one for each name,
`audit tail` one for each line of the log. Verbs that are not listed here write none.

A field that ends in `?` may be absent. `|null` says that null may stand in its place: there is
none. A `time` is a text like `2026-01-31T09:30:00Z`, a `day` one like `2026-01-31`; `*` is any
name, and a word in capitals is a shape that is said once. New fields may come. A `state` is `value`
(an environment's own, which tables call set), `own`, `overridden`, `inherited`, `hidden`, `expired`,
`damaged` or `absent`; of a layer, a version or a document's entry `value`, `hidden`, `expired`,
`deleted`, `damaged` or `absent`.

Fields are called as in the service's answers, but for these: the scope that a verb speaks of is
`environment` and `space`, null for the environment itself, and `age_s`, how old an answer is, is in
seconds. An answer that is `stale` is what the store held that long ago: it is away. stderr says so
too, whatever is asked for.
)";
}

auto json_shapes() -> std::span<const json_shape> {
    static constexpr std::array all{
        json_shape{"SCOPE", "{environment: text, space: text|null, actor?: text}"},
        json_shape{"ENTRY",
                   "{name: text, state: text, from?: SCOPE, version?: number, setAt?: time, "
                   "setBy?: text|null, note?: text|null, rotateBy?: day|null, "
                   "expiresAt?: time|null}"},
        json_shape{"LIST", "{environment: text, space: text|null, actor?: text, stale: flag, "
                           "age_s: number, secrets: [ENTRY]}"},
        json_shape{"PLACE", "{environment: text, space: null, name: text, isProd: flag, "
                            "error?: text}"},
        json_shape{"SPACE", "{environment: text, space: text, name: text, error?: text}"},
        json_shape{"CHANGE",
                   "{name: text, environment: text, space: text|null, actor?: text, state: text, "
                   "version: number, changed: flag}"},
        json_shape{"COPY", "{copied: number, environments: [{environment: text, done: text, "
                           "entries: number, bytes: number}], troubles: [{environment: text, "
                           "code: text, message: text}]}"},
        json_shape{"GRANT", "{role: text, environmentId?: text, spaceId?: text, actorId?: text, "
                            "write: flag, reveal: flag, names?: [text]}"},
        json_shape{"ME",
                   "{tokenId: text, name: text, expiresAt?: time, session: flag, grants: [GRANT], "
                   "rights: [text], instanceRights: [text], confirmedUntil?: time, server: "
                   "{version: text, reveal: text, "
                   "stale: flag, since?: time, until?: time, auditFullPercent?: number}, "
                   "serverUrl: text}"},
        json_shape{"DETAILS",
                   "{grants?: [GRANT], patterns?: number, expiresAt?: time, "
                   "changed?: [{member: text, was?: text, now?: text}], head?: {seq: number, "
                   "mac: text, time: time}}"},
        json_shape{"SETTING", "{value: text, from: text}|null"},
    };
    return all;
}

auto json_answers() -> std::span<const json_shape> {
    static constexpr std::array all{
        json_shape{"an error", "{error: {code: text, message: text, name?: text, "
                               "environment?: text, space?: text, actor?: text}}"},
        json_shape{"--dry-run", "{dryRun: flag, effect: text}"},
        json_shape{"init",
                   "{store: text, keys: text, keysWereThere: flag, "
                   "realm: text, environment: text, isProd: flag, config: text, userConfig?: "
                   "text}"},
        json_shape{"env list", "{stale: flag, age_s: number, environments: [PLACE]}"},
        json_shape{"env create", "PLACE"},
        json_shape{"env rename", "PLACE"},
        json_shape{"env mark", "PLACE"},
        json_shape{"env remove", "PLACE"},
        json_shape{"space list", "{stale: flag, age_s: number, spaces: [SPACE]}"},
        json_shape{"space create", "SPACE"},
        json_shape{"space rename", "SPACE"},
        json_shape{"space remove", "SPACE"},
        json_shape{
            "set",
            "{name: text, environment: text, space: text|null, actor?: text, version: number, "
            "changed: flag}"},
        json_shape{"get",
                   "{name: text, environment: text, space: text|null, actor?: text, value?: text, "
                   "base64?: text, state: text, from?: SCOPE, version: number, "
                   "setAt?: time, stale: flag, age_s: number}"},
        json_shape{"list", "LIST"},
        json_shape{"list --all-spaces", "{environment: text, scopes: [LIST]}"},
        json_shape{"explain",
                   "{name: text, environment: text, space: text|null, actor?: text, state: text, "
                   "from?: SCOPE, "
                   "version?: number, setAt?: time, setBy?: text|null, note?: text|null, "
                   "rotateBy?: day|null, expiresAt?: time|null, stale: flag, age_s: number, "
                   "generation: number, "
                   "kekId: text, keyState: text, layers: [{environment: text, space: text|null, "
                   "actor?: text, "
                   "state: text, version?: number, setAt?: time, setBy?: text|null}]}"},
        json_shape{"unset", "CHANGE"},
        json_shape{"hide", "CHANGE"},
        json_shape{"unhide", "CHANGE"},
        json_shape{"history",
                   "{name: text, environment: text, space: text|null, actor?: text, stale: flag, "
                   "age_s: number, versions: "
                   "[{version: number, state: text, setAt: time, setBy: text|null, "
                   "expiresAt: time|null}]}"},
        json_shape{"rollback", "CHANGE"},
        json_shape{"undelete", "CHANGE"},
        json_shape{"import",
                   "{environment: text, space: text|null, actor?: text, written: flag, steps: "
                   "[{action: text, name: text|null, version: number, line: number, "
                   "reason?: text}]}"},
        json_shape{"export", "{*: text|{base64: text}}"},
        json_shape{
            "diff",
            "{a: SCOPE, b: SCOPE, stale: flag, age_s: number, same: flag, names: [{name: text, "
            "a: ENTRY|null, b: ENTRY|null, value: text}]}"},
        json_shape{
            "check",
            "{environment: text, space: text|null, actor?: text, stale: flag, age_s: number, "
            "names: number, problems: "
            "[{name: text, environment: text, space: text|null, actor?: text, problem: text, "
            "requiredBy: [text], pattern?: text, inSpaces?: number}]}"},
        json_shape{"login", "ME"},
        json_shape{"logout", "{serverUrl: text, forgotten: flag}"},
        json_shape{"whoami", "ME"},
        json_shape{"token create", "{id: text, name: text, grants: [GRANT], createdAt?: time, "
                                   "createdBy?: text|null, expiresAt: time, token: text}"},
        json_shape{"token list", "{tokens: [{id: text, name: text, grants: [GRANT], "
                                 "createdAt?: time, createdBy?: text|null, expiresAt?: time, "
                                 "unreadable?: flag}]}"},
        json_shape{"token revoke", "{id: text, revoked: flag}"},
        json_shape{"audit tail",
                   "{seq: number, time: time, actor: {id?: text, name?: text}, action: text, "
                   "environmentId?: text, spaceId?: text, actorId?: text, names?: [text], "
                   "leftOut?: number, count?: number, version?: number, reason?: text, "
                   "details?: DETAILS, result: text, status: number, peer?: text, session: flag, "
                   "prev: text, mac: text}"},
        json_shape{
            "audit tail, of a server",
            "{seq: number, time: time, who?: text, tokenId?: text, what: text, "
            "environmentId?: text, spaceId?: text, actorId?: text, name?: text, "
            "names?: [text], leftOut?: number, count?: number, version?: number, reason?: text, "
            "details?: DETAILS, result: text, status?: number, peer?: text, session: flag}"},
        json_shape{"audit verify", "{intact: flag, records: number, last: number, upTo?: time, "
                                   "firstBad?: number, why?: text, file?: text, line?: number}"},
        json_shape{
            "audit verify, of a server",
            "{intact: flag, records: number, begins?: number, upTo?: time, anchoredAt?: time, "
            "firstBad?: number, why?: text}"},
        json_shape{
            "keys status",
            "{keks: [{kekId: text, state: text, default: flag, createdAt?: time, "
            "variable?: text, wraps: [text]}], environments: [{environment: text, error?: text, "
            "message?: text, deks: [{dek: number, kekId: text, seals: number}]}]}"},
        json_shape{"keys rotate-kek", "{rotated: [{from: text, to: text}]}"},
        json_shape{"keys rewrap", "{environments: [{environment: text, kekId?: text, "
                                  "deks?: number, error?: text}]}"},
        json_shape{"keys rotate-dek", "{environment: text, dek: number, resumed: flag, "
                                      "finished: flag, resealed: number, damaged: number}"},
        json_shape{"keys disable", "{kekId: text, state: text}"},
        json_shape{"keys shred", "{environment: text, shreddedAt: time, closed: flag, "
                                 "error?: text, destroyed: [{kekId: text, createdAt: time, "
                                 "now: flag}], shared: [text], aloneSince: time|null}"},
        json_shape{"keys copy", "{to?: text, from?: text, keks: number, "
                                "environments?: number}"},
        json_shape{"backup", "COPY"},
        json_shape{"restore", "COPY"},
        json_shape{"verify", "{ok: flag, environments: [{environment: text, checked?: number, "
                             "damaged?: [{environment: text, space: text|null, actor?: text, "
                             "name: text, version: number, error: text}], error?: text, "
                             "listed?: flag}], otherRealms?: [text]}"},
        json_shape{"copy", "COPY"},
        json_shape{"git enroll", "{repository: text}"},
        json_shape{"git resolve", "{kept: text, conflicts: [text]}"},
        json_shape{"git show", "{environment: text, generation: number, entries: "
                               "[{environment: text, space: text|null, actor?: text, "
                               "name: text|null, state: text, version: number, setAt: time, "
                               "setBy: text|null}]}"},
        json_shape{"git show --sealed, without the key", "{environment: text, generation: number, "
                                                         "objects: number, kekId: text}"},
        json_shape{"version", "{version: text, format: number}"},
        json_shape{"doctor", "{ok: flag, findings: [{what: text, state: text, said: text, "
                             "cure: text}]}"},
        json_shape{
            "config",
            "{server: SETTING, token-file: SETTING, ca: SETTING, store: SETTING, keys: SETTING, "
            "anchor: SETTING, "
            "realm: SETTING, env: SETTING, space: SETTING, actor: SETTING, "
            "profile: SETTING, "
            "max-stale: SETTING, author: SETTING, token?: {from: text}}"},
    };
    return all;
}

} // namespace command::manual
