#include "cli/demo_plant.h"

#include "client/client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define WAIT_MS 10000

struct request {
    const char *method, *target, *media, *body;
};
#define JSON "application/json"

/* Limits are those of the recordings: they are passed now and then, so that there is something to
 * see. */
static const struct request requests[] = {
    {"PUT", "/v1/types/equipment", JSON,
     "{\"title\":\"Equipment\",\"attributes\":[{\"name\":\"source\",\"type\":\"string\"}]}"},
    {"PUT", "/v1/types/hydraulic-rig", JSON,
     "{\"title\":\"Hydraulic test rig\",\"parent\":\"equipment\",\"level\":\"unit\",\"metrics\":["
     "{\"name\":\"TS1\",\"unit\":\"Cel\",\"description\":\"oil temperature 1\","
     "\"limits\":{\"high\":60},\"deadband\":1},"
     "{\"name\":\"TS2\",\"unit\":\"Cel\",\"description\":\"oil temperature 2\","
     "\"limits\":{\"high\":60},\"deadband\":1},"
     "{\"name\":\"TS3\",\"unit\":\"Cel\",\"description\":\"oil temperature 3\","
     "\"limits\":{\"high\":60},\"deadband\":1},"
     "{\"name\":\"TS4\",\"unit\":\"Cel\",\"description\":\"oil temperature 4\","
     "\"limits\":{\"high\":60},\"deadband\":1},"
     "{\"name\":\"condition/cooler\",\"unit\":\"%\",\"limits\":{\"low\":10}},"
     "{\"name\":\"condition/valve\",\"unit\":\"%\",\"limits\":{\"low\":80}},"
     "{\"name\":\"condition/accumulator\",\"unit\":\"bar\",\"limits\":{\"low\":95}}]}"},
    {"PUT", "/v1/types/air-station", JSON,
     "{\"title\":\"Air quality "
     "station\",\"parent\":\"equipment\",\"level\":\"device\",\"metrics\":["
     "{\"name\":\"CO(GT)\",\"unit\":\"mg/m3\",\"limits\":{\"high\":10}},"
     "{\"name\":\"NO2(GT)\",\"unit\":\"ug/m3\",\"limits\":{\"high\":200}},"
     "{\"name\":\"C6H6(GT)\",\"unit\":\"ug/m3\",\"limits\":{\"high\":25}},"
     "{\"name\":\"T\",\"unit\":\"Cel\"},{\"name\":\"RH\",\"unit\":\"%\"}]}"},
    {"PUT", "/v1/types/fire-house", JSON,
     "{\"title\":\"House of fire tests\",\"parent\":\"equipment\",\"level\":\"unit\"}"},
    {"PUT", "/v1/assets/zema", JSON, "{\"title\":\"ZeMA Saarbruecken\",\"level\":\"enterprise\"}"},
    {"PUT", "/v1/assets/zema/rig1", JSON,
     "{\"title\":\"Rig "
     "1\",\"type\":\"hydraulic-rig\",\"branch\":\"zema/hydraulics/testbench/rig1\","
     "\"place\":{\"longitude\":7.04,\"latitude\":49.25},\"attributes\":{\"source\":\"UCI 447\"}}"},
    {"PUT", "/v1/assets/city", JSON, "{\"title\":\"The city\",\"level\":\"enterprise\"}"},
    {"PUT", "/v1/assets/city/main-road", JSON,
     "{\"title\":\"Main road\",\"type\":\"air-station\",\"branch\":\"city/streets/main-road/air\","
     "\"place\":{\"longitude\":9.19,\"latitude\":45.46},\"attributes\":{\"source\":\"UCI 360\"}}"},
    {"PUT", "/v1/assets/nist", JSON,
     "{\"title\":\"NIST fire laboratory\",\"level\":\"enterprise\"}"},
    {"PUT", "/v1/assets/nist/house-2", JSON,
     "{\"title\":\"House, test SDC02\",\"type\":\"fire-house\","
     "\"branch\":\"nist/fire-lab/house/sdc02\","
     "\"place\":{\"longitude\":-77.22,\"latitude\":39.13},"
     "\"attributes\":{\"source\":\"NIST TN 1455\"}}"},
    {"PUT", "/v1/rules/oil-hot", JSON,
     "{\"title\":\"Oil too hot\",\"kind\":\"high\",\"on\":\"pattern\","
     "\"path\":\"zema/hydraulics/testbench/rig1/TS*\",\"limit\":60,\"deadband\":1,\"priority\":2,"
     "\"cause\":\"the cooler is dirty or its valve is closed\","
     "\"consequence\":\"the oil ages, seals leak\","
     "\"response\":\"look at the cooler, then lower the load\"}"},
    {"PUT", "/v1/rules/cooler-weak", JSON,
     "{\"title\":\"Cooler close to failure\",\"kind\":\"low\",\"on\":\"type\","
     "\"type\":\"hydraulic-rig\",\"metric\":\"condition/cooler\",\"priority\":3,"
     "\"response\":\"plan its change\"}"},
    {"PUT", "/v1/rules/valve-slow", JSON,
     "{\"title\":\"Valve switches late\",\"kind\":\"low\",\"on\":\"type\","
     "\"type\":\"hydraulic-rig\",\"metric\":\"condition/valve\",\"priority\":4}"},
    {"PUT", "/v1/rules/carbon-monoxide", JSON,
     "{\"title\":\"Carbon monoxide in the street\",\"kind\":\"high\",\"on\":\"type\","
     "\"type\":\"air-station\",\"metric\":\"CO(GT)\",\"priority\":3,\"deadband\":1}"},
    {"PUT", "/v1/rules/room-hot", JSON,
     "{\"title\":\"Room too hot\",\"kind\":\"high\",\"on\":\"pattern\","
     "\"path\":\"nist/fire-lab/house/+/TC*\",\"limit\":60,\"deadband\":5,\"priority\":1,"
     "\"group\":\"house\",\"response\":\"leave the house, call the fire brigade\"}"},
    {"PUT", "/v1/rules/two-detectors", JSON,
     "{\"title\":\"Two detectors see smoke\",\"kind\":\"expression\",\"on\":\"nothing\","
     "\"path\":\"nist/fire-lab/house/sdc02\","
     "\"condition\":\"count('nist/fire-lab/house/sdc02/SM*' > 0.2) >= 2\",\"priority\":1,"
     "\"group\":\"house\"}"},
    {"PUT", "/v1/rules/rig-silent", JSON,
     "{\"title\":\"The rig is silent\",\"kind\":\"stale\",\"on\":\"point\","
     "\"path\":\"zema/hydraulics/testbench/rig1/TS1\",\"span\":\"5m\",\"priority\":4}"},
};

unsigned demo_plant_send(const char *http, char *fault, size_t fault_size)
{
    const struct http_client_config config = {.address = http, .wait_ms = WAIT_MS};
    struct http_client *client;
    unsigned refused = 0;
    snprintf(fault, fault_size, "%s", "");
    if (http_client_create(&config, &client) != OK)
        return ARRAY_COUNT(requests);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        const struct request *request = &requests[i];
        const struct http_client_question question = {.method = request->method,
                                                      .target = request->target,
                                                      .content_type = request->media,
                                                      .body = bytes_text(request->body)};
        struct http_client_answer answer = {0};
        enum err err = http_client_ask(client, &question, &answer);
        if (err != OK || answer.status / 100 != 2) {
            const char *detail = json_string_value(json_object_get(answer.json, "detail"));
            if (refused++ == 0)
                snprintf(fault, fault_size, "%s: %s", request->target,
                         err != OK        ? err_text(err)
                         : detail != NULL ? detail
                                          : "refused");
        }
        json_decref(answer.json);
    }
    http_client_destroy(client);
    return refused;
}
