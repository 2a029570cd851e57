/* Shapes of bodies and answers about types and assets. */
#include "web/schema_words.h"

/* clang-format off */
#define LEVELS "enterprise|site|area|line|unit|device"
#define ASSET_EXAMPLE "\"acme/north/pump-3\""
#define DONE_MEMBERS \
    {"outcome", "string", false, "done, or repeated", "\"done\""}, \
    {"first", "string", true, "the outcome of the first time", "\"done\""}, \
    {"text", "string", true, "the outcome as a sentence", "\"done\""}, \
    {"position", "count", false, "of the command in the journal", "123"}
#define NEXT_MEMBER \
    {"next", "string?", false, "give it as `after` for the next page; null: there is none", "null"}

/* ---- types ----------------------------------------------------------------------------------- */
#define TYPE_HEAD \
    {"name", "string", false, "unique in the tenant", "\"pump\""}, \
    {"title", "string?", false, "as people call it", "\"Pump\""}, \
    {"parent", "string?", false, "the type it inherits from", "null"}, \
    {"level", LEVELS "?", false, "of its assets, after IEC 62264-1", "\"device\""}, \
    {"assets", "count?", false, "that are of it itself; null: you see a part of the tenant", "12"}, \
    {"kinds", "count", false, "types right below it", "2"}, \
    {"version", "count", false, "counts up with each change", "1"}, \
    {"changed", "time?", false, "when it was set last", NULL}
MEMBERS(type_item_members) = {TYPE_HEAD, LAST};
MEMBERS(types_members) = {
    {"types", "[]AssetTypeItem", false, "in the order they were made", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(type_attribute_members) = {
    {"name", "string", false, "1 to 256 bytes", "\"manufacturer\""},
    {"type", VALUE_TYPES, true, "of its values; float64 unless said", "\"string\""},
    {"unit", "string?", true, "of its values", "null"},
    {"value", "value?", true, "what assets have that say none; a text in answers", "\"KSB\""},
    {"required", "boolean", true, "each asset has to say it", "false"},
    {"from", "string?", true, "the type that says it; not looked at on the way in", "\"pump\""},
    LAST};
MEMBERS(type_metric_members) = {
    {"name", "string", false, "the path below the asset's branch", "\"temp\""},
    {"type", VALUE_TYPES, true, "of its values; float64 unless said", NULL},
    {"unit", "string?", true, "of its values", "\"degC\""},
    {"description", "string?", true, "what it is", "\"oil temperature\""},
    {"limits", "Limits", true, "for rules that name no limit of their own", "{\"high\":80}"},
    {"deadband", "number", true, "by so much a value has to come back", "1"},
    {"from", "string?", true, "the type that says it; not looked at on the way in", "\"pump\""},
    LAST};
MEMBERS(type_members) = {
    TYPE_HEAD,
    {"attributes", "[]AssetTypeAttribute", false, "those of its parents included, unless own=true", NULL},
    {"metrics", "[]AssetTypeMetric", false, "those of its parents included, unless own=true", NULL},
    {"rules", "[]string", false, "names of the rules that stand on it itself", "[\"pump-hot\"]"},
    LAST};
MEMBERS(type_put_members) = {
    {"title", "string?", true, "as people call it, up to 256 bytes", "\"Pump\""},
    {"parent", "string?", true, "the type it inherits from", "null"},
    {"level", LEVELS "?", true, "of its assets", "\"device\""},
    {"attributes", "[]AssetTypeAttribute", true, "all that it says itself", NULL},
    {"metrics", "[]AssetTypeMetric", true, "all that it says itself", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(type_done_members) = {
    DONE_MEMBERS,
    {"type", "AssetTypeItem?", false, "as it is now; null: it is not there", NULL},
    LAST};
MEMBERS(type_change_members) = {
    {"asset", "string?", false, "path", ASSET_EXAMPLE},
    {"what", "string", false, "name and what of it", "\"temp: high\""},
    {"before", "string?", false, "as it is", "\"80\""},
    {"after", "string?", false, "as it would be", "\"75\""},
    LAST};
MEMBERS(type_fault_members) = {
    {"asset", "string?", false, "path", ASSET_EXAMPLE},
    {"detail", "string", false, "what would be wrong", "\"the attribute site is required, and it has none\""},
    LAST};
MEMBERS(type_trial_members) = {
    {"assets", "count", false, "of it and of the types below it", "100000"},
    {"points", "count", false, "of the metrics that would change", "200000"},
    {"changes", "[]AssetTypeChange", false, "the first hundred", NULL},
    {"faults", "[]AssetTypeFault", false, "the first hundred assets that would not fit it", NULL},
    LAST};

/* ---- assets ---------------------------------------------------------------------------------- */
MEMBERS(place_members) = {
    {"longitude", "number?", true, "degrees, WGS 84; with latitude", "113.62"},
    {"latitude", "number?", true, "degrees", "34.75"},
    {"floor", "integer?", true, "0 is the ground floor", "2"},
    {"plan_x", "number?", true, "0 to 1 of the width of the plan of the asset above", "null"},
    {"plan_y", "number?", true, "0 to 1 of its height", "null"},
    LAST};
#define ASSET_HEAD \
    {"path", "string", false, "names joined by '/'", ASSET_EXAMPLE}, \
    {"asset", "count", false, "its number, for ever", "17"}, \
    {"name", "string", false, "below the asset above it", "\"pump-3\""}, \
    {"title", "string?", false, "as people call it", "\"Pump 3\""}, \
    {"level", LEVELS "?", false, "its own, else its type's", "\"device\""}, \
    {"type", "string?", false, "name of its type", "\"pump\""}, \
    {"branch", "string", false, "of the namespace: where its points are", ASSET_EXAMPLE}, \
    {"parts", "count?", false, "assets right below it that you see; null: too many to look at each", "0"}, \
    {"place", "AssetPlace?", false, "where it is", NULL}, \
    {"changed", "time?", false, "when this version was made", NULL}
MEMBERS(asset_item_members) = {ASSET_HEAD, LAST};
MEMBERS(assets_members) = {
    {"assets", "[]AssetItem", false, "in the order they were made", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(asset_attribute_members) = {
    {"name", "string", false, "of the attribute", "\"manufacturer\""},
    {"value", "string?", false, "as a text", "\"KSB\""},
    {"type", VALUE_TYPES, false, "of its values", "\"string\""},
    {"unit", "string?", false, "of its values", "null"},
    {"from", "string?", false, "the type that says it; null: the asset itself", "null"},
    LAST};
MEMBERS(asset_metric_members) = {
    {"name", "string", false, "of the metric", "\"temp\""},
    {"point", "string?", false, "path; null: there is none that you see", "\"acme/north/pump-3/temp\""},
    {"value", "value?", false, "now, or then", "71.5"},
    {"quality", "string?", false, "of the value", "\"good\""},
    {"time", "time?", false, "of the value", NULL},
    {"unit", "string?", false, "of the value", "\"degC\""},
    {"limits", "Limits", false, "of the metric", "{\"high\":80}"},
    {"limits_in_force", "LimitsInForce?", false, "of its point; null: of then, or there is none that you see", NULL},
    {"state", "none|low_low|low|normal|high|high_high?", false, "where the value stands among the point's limits; null: of then", "\"normal\""},
    {"from", "string?", false, "the type that says it", "\"pump\""},
    LAST};
MEMBERS(asset_relation_members) = {
    {"name", "string", false, "what it is to the other", "\"feeds\""},
    {"other", "string?", false, "path", "\"acme/north/tank-1\""},
    LAST};
#define ASSET_WHOLE \
    ASSET_HEAD, \
    {"version", "count", false, "counts up with each change", "3"}, \
    {"author", "string?", false, "who made this version", "\"ann\""}, \
    {"retired", "boolean", false, "it is not there any more", "false"}, \
    {"attributes", "[]AssetAttribute", false, "what it says and what it inherits", NULL}, \
    {"metrics", "[]AssetMetric", false, "those of its type", NULL}, \
    {"relations", "[]AssetRelation", false, "to other assets that you see", NULL}, \
    {"bindings", "{}string", false, "metrics whose points lie elsewhere, with their paths", "{}"}
MEMBERS(asset_members) = {
    ASSET_WHOLE,
    {"at", "time", true, "the time that was asked for", NULL},
    {"path_now", "string?", true, "with at: its path now; null: it is retired, or you see it no more", NULL},
    {"related", "[]AssetRelation", false, "of assets that you see and that have a relation to it, up to 1,000 of them", NULL},
    {"related_more", "boolean", false, "more have", "false"},
    LAST};
MEMBERS(asset_now_members) = {ASSET_WHOLE, LAST};
#define ASSET_SETTINGS \
    {"title", "string?", true, "as people call it, up to 256 bytes", "\"Pump 3\""}, \
    {"type", "string?", true, "name of its type", "\"pump\""}, \
    {"level", LEVELS "?", true, "its type's unless said", "\"device\""}, \
    {"branch", "string?", true, "of the namespace; its own path unless said", "null"}, \
    {"place", "AssetPlace?", true, "where it is", NULL}, \
    {"attributes", "{}any", true, "values by name: texts, numbers, true, false; null takes one away", "{\"manufacturer\":\"KSB\"}"}, \
    {"bindings", "{}string?", true, "paths of points by name of a metric", "{}"}, \
    {"relations", "[]AssetRelation", true, "all of them", "[]"}
MEMBERS(asset_put_members) = {ASSET_SETTINGS, KEY_MEMBERS, LAST};
MEMBERS(asset_change_members) = {
    {"path", "string", true, "another one: it moves, with all below it", ASSET_EXAMPLE},
    ASSET_SETTINGS,
    KEY_MEMBERS,
    LAST};
MEMBERS(asset_answer_members) = {
    DONE_MEMBERS,
    {"asset", "AssetNow?", false, "as it is now; null: it is not there any more", NULL},
    {"retired", "count", true, "with parts=true: how many", "3"},
    {"refused", "count", true, "with parts=true: how many could not be", "0"},
    LAST};
MEMBERS(asset_version_members) = {
    {"version", "count", false, "1 is the first", "3"},
    {"changed", "time?", false, "when it was made", NULL},
    {"author", "string?", false, "who made it", "\"ann\""},
    {"position", "count", false, "of the command in the journal", "123"},
    {"what", "[]string", false, "made, or what changed: name, path, title, type, level, branch, place, sheet, retired", "[\"title\"]"},
    LAST};
MEMBERS(asset_versions_members) = {
    {"versions", "[]AssetVersion", false, "newest first", NULL},
    NEXT_MEMBER,
    LAST};
MEMBERS(tree_alarms_members) = {
    {"active", "count", false, "whose condition holds", "1"},
    {"unacknowledged", "count", false, "that somebody has to acknowledge", "1"},
    {"stale", "count", false, "of the active: nothing comes any more", "0"},
    {"priority", "count?", false, "of the most urgent; null: there is none", "2"},
    LAST};
MEMBERS(tree_child_members) = {
    {"name", "string", false, "below the asset above it", "\"north\""},
    {"path", "string?", false, "of the asset", "\"acme/north\""},
    {"asset", "count", false, "its number", "4"},
    {"title", "string?", false, "as people call it", "null"},
    {"level", LEVELS "?", false, "of the hierarchy", "\"area\""},
    {"type", "string?", false, "name of its type", "null"},
    {"parts", "count?", false, "assets right below it that you see; null: you see a part of its branch, or there are too many to look at each", "12"},
    {"points", "count?", false, "points in its branch; null: you see a part of them", "480"},
    {"alarms", "AssetTreeAlarms", false, "of all below it that you see", NULL},
    {"stale", "count", false, "points of these from which nothing comes", "0"},
    LAST};
MEMBERS(tree_members) = {
    {"path", "string?", false, "of the asset above; empty: the top", "\"acme\""},
    {"children", "[]AssetTreeChild", false, "in the order they came there", NULL},
    NEXT_MEMBER,
    LAST};

/* ---- import, inbox, map ---------------------------------------------------------------------- */
MEMBERS(import_line_members) = {
    {"path", "string", true, "of an asset", ASSET_EXAMPLE},
    {"name", "string", true, "instead: of a type", "\"pump\""},
    ASSET_SETTINGS,
    LAST};
MEMBERS(import_members) = {
    {"types", "[]any", true, "each with its name and what AssetTypePut says", "[]"},
    {"assets", "[]any", true, "each with its path and what AssetPut says", "[]"},
    LAST};
MEMBERS(import_refusal_members) = {
    {"line", "count", false, "of the file, or place in the lists, from 1", "7"},
    {"path", "string", false, "or the name; empty where there is none", ASSET_EXAMPLE},
    {"detail", "string", false, "why", "\"the asset above it is not there\""},
    LAST};
MEMBERS(import_answer_members) = {
    {"made", "count", false, "types and assets that were not there", "98"},
    {"changed", "count", false, "that said something else", "2"},
    {"same", "count", false, "that said so already", "0"},
    {"refused", "[]AssetsImportRefusal", false, "the first thousand", "[]"},
    {"refused_count", "count", false, "all of them", "0"},
    {"dry_run", "boolean", false, "nothing was done", "false"},
    LAST};
MEMBERS(export_line_members) = {
    {"name", "string", true, "of a type", "\"pump\""},
    {"parent", "string?", true, "of a type: the one it inherits from", NULL},
    {"metrics", "[]AssetTypeMetric", true, "of a type", NULL},
    {"path", "string?", true, "of an asset", NULL},
    {"title", "string?", true, "of either", "\"Pump\""},
    {"level", LEVELS "?", true, "of either", "\"device\""},
    {"attributes", "any", true, "of a type as in AssetTypePut, of an asset as in AssetPut", NULL},
    {"type", "string?", true, "of an asset", NULL},
    {"branch", "string?", true, "of an asset, where it is not its path", NULL},
    {"place", "AssetPlace", true, "of an asset", NULL},
    {"bindings", "{}string", true, "of an asset", NULL},
    {"relations", "[]AssetRelation", true, "of an asset, in a line of their own behind all assets", NULL},
    LAST};
MEMBERS(proposal_members) = {
    {"type", "string?", false, "name of a type", "\"pump\""},
    {"likeness", "number", false, "0 to 1: of the metrics of either, how many are in both", "0.75"},
    LAST};
MEMBERS(inbox_item_members) = {
    {"prefix", "string", false, "what the device publishes under", "\"acme/north/pump-9\""},
    {"metrics", "[]string", false, "names of the first 64", "[\"temp\",\"flow\"]"},
    {"metrics_count", "count", false, "how many there are", "2"},
    {"last_seen", "time?", false, "when it was heard last", NULL},
    {"proposals", "[]InboxProposal", false, "types that are most like it, at most three", NULL},
    LAST};
MEMBERS(inbox_members) = {
    {"inbox", "[]InboxItem", false, "in the order they came", NULL},
    {"waiting", "count", false, "how many there are; 0 for who sees a part of the tenant", "1"},
    NEXT_MEMBER,
    LAST};
MEMBERS(adopt_members) = {
    {"prefix", "string", true, "one device", "\"acme/north/pump-9\""},
    {"prefixes", "[]string", true, "instead: up to 1,000", NULL},
    {"type", "string", false, "what they are", "\"pump\""},
    {"path", "string", true, "of the asset, for one; below the nearest asset above its prefix unless said", NULL},
    KEY_MEMBERS,
    LAST};
MEMBERS(adopt_refusal_members) = {
    {"prefix", "string", false, "that was not adopted", "\"acme/north/pump-9\""},
    {"detail", "string", false, "why", "\"the name belongs to another\""},
    LAST};
MEMBERS(adopted_members) = {
    {"refused", "[]InboxRefusal", false, "those that were not", "[]"},
    {"adopted", "count", false, "assets that were made", "1"},
    {"position", "count", false, "of the last command in the journal", "123"},
    LAST};
MEMBERS(cluster_members) = {
    {"longitude", "number", false, "of its middle", "113.62"},
    {"latitude", "number", false, "of its middle", "34.75"},
    {"assets", "count", false, "in it", "1"},
    {"alarms", "count", false, "of these, or of what lies below them", "0"},
    {"priority", "count?", false, "of the most urgent; null: there is none", "null"},
    {"asset", "string?", false, "path, where it is one", ASSET_EXAMPLE},
    LAST};
MEMBERS(map_members) = {
    {"clusters", "[]MapCluster", false, "at most 2,048", NULL},
    {"more", "boolean", false, "there are others, outside of these cells", "false"},
    LAST};

const struct schema schemas_assets[] = {
    {"AssetTypeItem", "A type of assets, in short.", type_item_members, NULL, true, NULL, NULL},
    {"AssetTypes", "A page of types.", types_members, NULL, true, NULL, NULL},
    {"AssetTypeAttribute", "An attribute of a type.", type_attribute_members, NULL, true, NULL, NULL},
    {"AssetTypeMetric", "A metric of a type.", type_metric_members, NULL, true, NULL, NULL},
    {"AssetType", "A type of assets.", type_members, NULL, true, NULL, NULL},
    {"AssetTypePut", "What a type says.", type_put_members, NULL, false, NULL, NULL},
    {"AssetTypeDone", "What became of a command about a type.", type_done_members, NULL, true, NULL, NULL},
    {"AssetTypeChange", "What an asset would show that it does not now.", type_change_members, NULL, true, NULL, NULL},
    {"AssetTypeFault", "An asset that would not fit its type.", type_fault_members, NULL, true, NULL, NULL},
    {"AssetTypeTrial", "What a type would do.", type_trial_members, NULL, true, NULL, NULL},
    {"AssetTypeAnswer", "What became of it, or with dry_run would.", NULL, "AssetTypeDone AssetTypeTrial", false, NULL, NULL},
    {"AssetPlace", "Where an asset is.", place_members, NULL, false, NULL, NULL},
    {"AssetItem", "An asset, in short.", asset_item_members, NULL, true, NULL, NULL},
    {"Assets", "A page of assets.", assets_members, NULL, true, NULL, NULL},
    {"AssetAttribute", "A value of an attribute.", asset_attribute_members, NULL, true, NULL, NULL},
    {"AssetMetric", "A metric and its point.", asset_metric_members, NULL, true, NULL, NULL},
    {"AssetRelation", "From one asset to another.", asset_relation_members, NULL, true, NULL, NULL},
    {"Asset", "An asset.", asset_members, NULL, true, NULL, NULL},
    {"AssetNow", "An asset as it is after a command.", asset_now_members, NULL, true, NULL, NULL},
    {"AssetPut", "What an asset says, all of it.", asset_put_members, NULL, false, NULL, NULL},
    {"AssetChange", "What of an asset changes.", asset_change_members, NULL, false, NULL, NULL},
    {"AssetAnswer", "What became of a command about assets.", asset_answer_members, NULL, true, NULL, NULL},
    {"AssetVersion", "A version of an asset.", asset_version_members, NULL, true, NULL, NULL},
    {"AssetVersions", "Versions of an asset.", asset_versions_members, NULL, true, NULL, NULL},
    {"AssetTreeAlarms", "Alarms below an asset.", tree_alarms_members, NULL, true, NULL, NULL},
    {"AssetTreeChild", "An asset in the tree.", tree_child_members, NULL, true, NULL, NULL},
    {"AssetTree", "What lies below an asset.", tree_members, NULL, true, NULL, NULL},
    {"AssetsImportLine", "A type or an asset, a line.", import_line_members, NULL, true, NULL, NULL},
    {"AssetsImport", "Types and assets; as NDJSON one a line, as CSV an asset a row.", import_members, NULL, false, "AssetsImportLine", NULL},
    {"AssetsImportRefusal", "A row that was not taken.", import_refusal_members, NULL, true, NULL, NULL},
    {"AssetsImportAnswer", "What became of an import.", import_answer_members, NULL, true, NULL, NULL},
    {"AssetsExportLine", "A type or an asset, as an import takes it.", export_line_members, NULL, true, NULL, NULL},
    {"InboxProposal", "A type that a device is like.", proposal_members, NULL, true, NULL, NULL},
    {"InboxItem", "A device that waits.", inbox_item_members, NULL, true, NULL, NULL},
    {"Inbox", "A page of the inbox.", inbox_members, NULL, true, NULL, NULL},
    {"InboxAdopt", "Which devices become what.", adopt_members, NULL, false, NULL, NULL},
    {"InboxRefusal", "A device that was not adopted.", adopt_refusal_members, NULL, true, NULL, NULL},
    {"InboxAdopted", "What became of it.", adopted_members, NULL, true, NULL, NULL},
    {"MapCluster", "Assets that are near each other.", cluster_members, NULL, true, NULL, NULL},
    {"AssetMap", "Assets on the map.", map_members, NULL, true, NULL, NULL},
};
const size_t schemas_assets_count = ARRAY_COUNT(schemas_assets);
