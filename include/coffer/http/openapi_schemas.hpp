// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_OPENAPI_SCHEMAS_HPP
#define COFFER_HTTP_OPENAPI_SCHEMAS_HPP

#include <coffer/version.hpp>

#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// One schema of the OpenAPI document (JSON Schema 2020-12).
struct schema_doc {
    std::string_view name;
    std::string_view json;
};

/// The shapes of bodies and answers. `tests/http/openapi.test.cpp` holds real answers against them.
inline constexpr schema_doc schema_docs[] = {
    {"Errors",
     R"({"type":"object","required":["errors"],"properties":{"errors":{"type":"array","minItems":1,
"items":{"type":"object","required":["message"],"properties":{"key":{"type":"string",
"description":"The field or parameter at fault."},"message":{"type":"string","minLength":1}}}},
"code":{"type":"string","description":"For programs: conflict, denied, confirm, unavailable …"},
"data":{"description":"With conflict: the version that is there now.","type":"object"}}})"},
    {"Success", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["success"],"properties":{"success":{"const":true}}}}})"},
    {"Pagination", R"({"type":"object","required":["currentPage","pageCount","totalCount"],
"properties":{"currentPage":{"type":"integer"},"pageCount":{"type":"integer"},
"totalCount":{"type":"integer"}}})"},
    {"Secret", R"({"type":"object","required":["id","name","environmentId"],"properties":{
"id":{"type":"string"},"name":{"type":"string"},
"value":{"type":"string","description":"Left out for callers without the right to read."},
"environmentId":{"type":"string"},
"spaceId":{"type":"string","description":"On secrets of a space alone; not on inherited ones."},
"actorId":{"type":"string"}}})"},
    {"Secrets", R"({"type":"object","required":["data"],"properties":{"data":{"type":"array",
"items":{"$ref":"#/components/schemas/Secret"}},
"unrepresentable":{"type":"array","items":{"type":"string"},"description":"Names whose values are no text."},
"damaged":{"type":"array","items":{"type":"string"},"description":"Names whose values can't be opened."},
"stale":{"type":"boolean","description":"The store is away; this is the last known state."},
"ageMs":{"type":"integer"}}})"},
    {"SecretWrite", R"({"type":"object","required":["name","value"],"properties":{
"name":{"type":"string","minLength":1,"maxLength":1024},
"value":{"type":"string","minLength":1,"maxLength":1024},
"environmentId":{"type":["string","null"]},"spaceId":{"type":["string","null"]},
"actorId":{"type":["string","null"]}}})"},
    {"Environment", R"({"type":"object","required":["id","accountId","name","isProd",
"guestAuthentication","features","metadata"],"properties":{"id":{"type":"string"},
"accountId":{"type":"string"},"name":{"type":"string"},"isProd":{"type":"boolean"},
"guestAuthentication":{"type":"array","items":{"enum":["shared_link","magic_link"]}},
"features":{"type":"object"},"metadata":{"type":"object"},"translationsPath":{"type":"string"},
"namespaces":{"type":"array","items":{"type":"string"}},"languageOverride":{"type":"string"}}})"},
    {"EnvironmentWrite", R"({"type":"object","properties":{"name":{"type":"string","minLength":1},
"isProd":{"type":"boolean"},
"guestAuthentication":{"type":"array","items":{"enum":["shared_link","magic_link"]}},
"metadata":{"type":"object"},"translationsPath":{"type":"string"},
"namespaces":{"type":"array","items":{"type":"string"}},"languageOverride":{"type":"string"}}})"},
    {"OneEnvironment", R"({"type":"object","required":["data"],
"properties":{"data":{"$ref":"#/components/schemas/Environment"}}})"},
    {"Environments", R"({"type":"object","required":["data","pagination"],"properties":{
"data":{"type":"array","items":{"$ref":"#/components/schemas/Environment"}},
"pagination":{"$ref":"#/components/schemas/Pagination"}}})"},
    {"Space", R"({"type":"object","required":["id","name","environmentId","createdAt","updatedAt",
"guestAuthentication"],"properties":{"id":{"type":"string"},"name":{"type":"string"},
"environmentId":{"type":"string"},"createdAt":{"type":"string","format":"date-time"},
"updatedAt":{"type":"string","format":"date-time"},
"guestAuthentication":{"type":"array","items":{"enum":["shared_link","magic_link"]}},
"displayOrder":{"type":"number"},"metadata":{},"namespace":{"type":"string"},
"labels":{"type":"array","items":{"type":"string"}},"translationsPath":{"type":"string"},
"languageOverride":{"type":"string"}}})"},
    {"SpaceWrite", R"({"type":"object","properties":{"name":{"type":"string"},
"environmentId":{"type":"string","description":"Needed to make one; else ignored."},
"guestAuthentication":{"type":"array","items":{"enum":["shared_link","magic_link"]}},
"displayOrder":{"type":"number"},"metadata":{},"namespace":{"type":"string"},
"labels":{"type":"array","items":{"type":"string"}},"translationsPath":{"type":"string"},
"languageOverride":{"type":"string"}}})"},
    {"OneSpace", R"({"type":"object","required":["data"],
"properties":{"data":{"$ref":"#/components/schemas/Space"}}})"},
    {"Spaces", R"({"type":"object","required":["data","pagination"],"properties":{
"data":{"type":"array","items":{"$ref":"#/components/schemas/Space"}},
"pagination":{"$ref":"#/components/schemas/Pagination"}}})"},
    {"XEnvironment", R"({"type":"object","required":["id","name"],"properties":{
"id":{"type":"string"},"name":{"type":"string"},"isProd":{"type":"boolean"},
"reveal":{"enum":["never","allowed"]},"createdAt":{"type":"string","format":"date-time"},
"spaces":{"type":"integer"},"names":{"type":"integer"},
"rights":{"type":"array","items":{"type":"string"}},
"state":{"enum":["damaged","key_disabled","unavailable"],"description":"It can't be looked at."}}})"},
    {"XOneEnvironment", R"({"type":"object","required":["data"],
"properties":{"data":{"$ref":"#/components/schemas/XEnvironment"}}})"},
    {"XEnvironments", R"({"type":"object","required":["data"],"properties":{
"data":{"type":"array","items":{"$ref":"#/components/schemas/XEnvironment"}}}})"},
    {"XEnvironmentWrite", R"({"type":"object","properties":{"name":{"type":"string","minLength":1},
"isProd":{"type":"boolean"},"id":{"type":"string","description":"To make one: an id of your choice."},
"reveal":{"enum":["never","allowed"]}}})"},
    {"XSpace", R"({"type":"object","required":["id","name"],"properties":{"id":{"type":"string"},
"name":{"type":"string"},"own":{"type":"integer"},"hidden":{"type":"integer"},
"missing":{"type":"integer"},"updatedAt":{"type":"string","format":"date-time"}}})"},
    {"XOneSpace", R"({"type":"object","required":["data"],
"properties":{"data":{"$ref":"#/components/schemas/XSpace"}}})"},
    {"XSpaces", R"({"type":"object","required":["data","pagination"],"properties":{
"data":{"type":"array","items":{"$ref":"#/components/schemas/XSpace"}},
"pagination":{"$ref":"#/components/schemas/Pagination"}}})"},
    {"XSpaceWrite", R"({"type":"object","required":["name"],"properties":{
"name":{"type":"string","minLength":1},"id":{"type":"string"}}})"},
    {"XRow", R"({"type":"object","required":["name","state","requiredBy"],"properties":{
"name":{"type":"string"},"state":{"enum":["value","inherited","overridden","own","hidden","removed",
"missing","damaged","expired"]},"version":{"type":"integer"},
"setAt":{"type":"string","format":"date-time"},"setBy":{"type":"string"},"note":{"type":"string"},
"rotateBy":{"type":"string","format":"date"},"expiresAt":{"type":"string","format":"date-time"},
"id":{"type":"string"},"requiredBy":{"type":"array","items":{"type":"string"}},
"usedBy":{"type":"object","required":["inherit","over","hidden","older","personal"]},
"parent":{"type":"object","required":["state"]},"older":{"type":"boolean"},
"personal":{"type":"integer"}}})"},
    {"XRows", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["rows","generation","asOf","stale","ageMs","rights"],"properties":{
"rows":{"type":"array","items":{"$ref":"#/components/schemas/XRow"}},
"generation":{"type":"integer"},"asOf":{"type":"string","format":"date-time"},
"stale":{"type":"boolean"},"ageMs":{"type":"integer"},
"rights":{"type":"array","items":{"type":"string"}}}}}})"},
    {"XSecret", R"({"type":"object","required":["data"],"properties":{"data":{"allOf":[
{"$ref":"#/components/schemas/XRow"},{"type":"object",
"required":["layers","decides","outcome","versions","generation","kekId"],"properties":{
"layers":{"type":"array","items":{"type":"object","required":["environmentId","state"],
"properties":{"state":{"enum":["absent","value","hidden","expired","damaged"]}}}},
"decides":{"type":["integer","null"]},"outcome":{"type":"string"},
"versions":{"type":"array","items":{"type":"object","required":["version","state","setAt"],
"properties":{"state":{"enum":["value","hidden","deleted"]}}}},
"actors":{"type":"array","items":{"type":"string"}},"generation":{"type":"integer"},
"kekId":{"type":"string"}}}]}}})"},
    {"XValueWrite", R"({"type":"object","required":["value"],"properties":{"value":{"oneOf":[
{"type":"string"},{"type":"object","required":["base64"],"properties":{"base64":{"type":"string"}}}]},
"note":{"type":["string","null"]},"rotateBy":{"type":["string","null"],"format":"date"},
"expiresAt":{"type":["string","integer","null"]},"ifVersion":{"type":["integer","null"],
"description":"The scope's own version that is to be replaced; 0: none."}}})"},
    {"XWritten", R"({"type":"object","required":["data"],"properties":{"data":
{"$ref":"#/components/schemas/XChange"}}})"},
    {"XChange", R"({"type":"object","required":["name","version","changed","id"],"properties":{
"name":{"type":"string"},"version":{"type":"integer"},"changed":{"type":"boolean"},
"id":{"type":"string"}}})"},
    {"XChanges", R"({"type":"object","required":["data"],"properties":{"data":{"type":"array",
"items":{"$ref":"#/components/schemas/XChange"}}}})"},
    {"XBatch", R"({"type":"object","properties":{"set":{"type":"array","items":{"allOf":[
{"$ref":"#/components/schemas/XValueWrite"},{"type":"object","required":["name"]}]}},
"remove":{"type":"array","items":{"type":"string"}}}})"},
    {"XRollback", R"({"type":"object","required":["to"],"properties":{"to":{"type":"integer",
"minimum":1}}})"},
    {"XVersion", R"({"type":"object","properties":{"version":{"type":"integer","minimum":1}}})"},
    {"XReveal", R"({"type":"object","required":["reason"],"properties":{"version":{"type":"integer",
"minimum":1},"reason":{"type":"string","minLength":1}}})"},
    {"XValue", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["name","version"],"properties":{"name":{"type":"string"},"value":{"type":"string"},
"base64":{"type":"string","description":"In place of value, where it is no text."},
"version":{"type":"integer"},"from":{"type":"object","required":["environmentId"]},
"stale":{"type":"boolean"},"ageMs":{"type":"integer"}}}}})"},
    {"XValuesQuery", R"({"type":"object","properties":{"names":{"type":"array",
"items":{"type":"string"}},"values":{"type":"boolean"},"unlessGeneration":{"type":"integer"}}})"},
    {"XValues", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["generation","stale","ageMs"],"properties":{"generation":{"type":"integer"},
"kekId":{"type":"string"},"unchanged":{"type":"boolean"},"stale":{"type":"boolean"},
"ageMs":{"type":"integer"},"rows":{"type":"array",
"items":{"type":"object","required":["name","layers","outcome"]}}}}}})"},
    {"XMatrix", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["spaces","names","cells","parent","totals","generation"],"properties":{
"spaces":{"type":"array","items":{"type":"object","required":["id","name"]}},
"names":{"type":"array","items":{"type":"string"}},
"cells":{"type":"array","items":{"type":"array","description":"space, name, state, version, older"}},
"parent":{"type":"array","items":{"type":["integer","null"]}},
"totals":{"type":"object","required":["spaces","names","over","hidden"]},
"generation":{"type":"integer"},"asOf":{"type":"string","format":"date-time"},
"stale":{"type":"boolean"},"ageMs":{"type":"integer"}}}}})"},
    {"XRequirements", R"({"type":"object","required":["requirements"],"properties":{
"requirements":{"type":"object","additionalProperties":{"type":"array","items":{"type":"object",
"required":["name"],"properties":{"name":{"type":"string"},"pattern":{"type":"string"}}}}},
"was":{"type":"object","description":"What this replaces; 409 if it is not that any more"}}})"},
    {"XRequirementsAnswer", R"({"type":"object","required":["data"],
"properties":{"data":{"$ref":"#/components/schemas/XRequirements"}}})"},
    {"XWatch", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["generation","names"],"properties":{"generation":{"type":"integer"},
"names":{"type":"array","items":{"type":"string"}},"by":{"type":"string"}}}}})"},
    {"XKeys", R"({"type":"object","required":["data"],"properties":{"data":{"type":"array",
"items":{"type":"object","required":["kekId","environments"],"properties":{
"kekId":{"type":"string"},"state":{"type":"string"},"environments":{"type":"array",
"items":{"type":"object","required":["id","dek","seals"]}}}}}}})"},
    {"XRewrapped", R"({"type":"object","required":["data"],"properties":{"data":{"type":"array",
"items":{"type":"object","required":["environmentId"],"properties":{"environmentId":{"type":"string"},
"kekId":{"type":"string"},"deks":{"type":"integer"},"error":{"type":"string"}}}}}})"},
    {"XRotated", R"({"type":"object","required":["data"],"properties":{"data":{"type":"object",
"required":["environmentId","dek","resumed","finished","more","resealed","damaged"],"properties":{
"environmentId":{"type":"string"},"dek":{"type":"integer"},"resumed":{"type":"boolean"},
"finished":{"type":"boolean"},"more":{"type":"boolean"},"resealed":{"type":"integer"},
"damaged":{"type":"integer"}}}}})"},
    {"Status", R"({"type":"object","required":["status"],"properties":{"status":{"type":"string"},
"why":{"type":"string"}}})"},
    {"Any", R"({"type":"object"})"},
};

} // namespace coffer::inline COFFER_ABI::http

#endif
