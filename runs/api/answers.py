"""What routes answer with, as JSON Schemas with examples: the OpenAPI document is made of these."""

from __future__ import annotations

from typing import Any, Final

from runs.engine.journal import Status

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_ANY: Final[Schema] = {}
_MILLISECONDS: Final[Schema] = {"type": "integer", "description": "Milliseconds since 1970."}
_ISO: Final[Schema] = {"type": "string", "format": "date-time"}
_STATUSES = sorted({status.value for status in Status} - {"resumed"})
STATUS: Final[Schema] = {"type": "string", "enum": _STATUSES}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    shape: Schema = {"type": "object", "properties": required | (optional or {})}
    return shape | {"required": list(required)} if required else shape


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_ERROR_OF_RUN = _object({"message": _TEXT}, {"name": _TEXT, "code": _TEXT})
_GRAPH: Final[Schema] = {"type": "array", "items": _map(_ANY)}
_IDENTITY = {
    "runId": _TEXT,
    "workflowName": _TEXT,
    "resourceId": {"type": ["string", "null"]},
    "createdAt": _ISO,
    "updatedAt": _ISO,
}

_RUN_OF_SCHEDULE = _object(
    {"status": STATUS},
    {
        "startedAt": _MILLISECONDS,
        "completedAt": _MILLISECONDS,
        "durationMs": {"type": "integer"},
        "error": _TEXT,
    },
)
#: Described and not enumerated: an enumeration would share its name with that of runs.
_SCHEDULE_STATUS: Final[Schema] = {"type": "string", "description": "active or paused"}

#: The components, by name.
ANSWERS: Final[dict[str, Schema]] = {
    "Error": _object({"error": _TEXT}, {"code": _TEXT})
    | {"examples": [{"error": "Workflow run not found", "code": "run_not_found"}]},
    "Invalid": _object(
        {"error": _TEXT},
        {
            "issues": {
                "type": "array",
                "items": _object({"field": _TEXT, "message": _TEXT}),
            },
            "code": _TEXT,
        },
    )
    | {
        "examples": [
            {
                "error": "Invalid request body",
                "issues": [
                    {
                        "field": "resourceId",
                        "message": "Invalid input: expected string, received number",
                    }
                ],
            }
        ]
    },
    "Message": _object({"message": _TEXT}) | {"examples": [{"message": "Workflow run started"}]},
    "RunId": _object({"runId": _TEXT}) | {"examples": [{"runId": "order-1"}]},
    "RunCounts": _map(_object({"running": {"type": "integer"}, "suspended": {"type": "integer"}}))
    | {"examples": [{"order-approval": {"running": 0, "suspended": 1}}]},
    "Workflow": _object(
        {"name": _TEXT, "stepGraph": _GRAPH, "steps": _map(_ANY), "allSteps": _map(_ANY)},
        {
            "description": _TEXT,
            "metadata": _map(_ANY),
            "inputSchema": _TEXT,
            "outputSchema": _TEXT,
            "stateSchema": _TEXT,
            "requestContextSchema": _TEXT,
            "options": _map(_ANY),
            "origin": _TEXT,
            "stepCount": {"type": "integer"},
            "isProcessorWorkflow": {"type": "boolean"},
        },
    ),
    "Workflows": _map(_ref("Workflow")),
    "Step": _object(
        {},
        {
            "status": STATUS,
            "payload": _ANY,
            "output": _ANY,
            "error": _ERROR_OF_RUN,
            "startedAt": _MILLISECONDS,
            "endedAt": _MILLISECONDS,
            "suspendPayload": _ANY,
            "suspendedAt": _MILLISECONDS,
            "resumePayload": _ANY,
            "resumedAt": _MILLISECONDS,
            "metadata": _map(_ANY),
        },
    ),
    "Result": _object(
        {"status": STATUS, "runId": _TEXT, "steps": _map(_ANY), "stepExecutionPath": _GRAPH}
        | {"stepExecutionPath": {"type": "array", "items": _TEXT}},
        {
            "input": _ANY,
            "result": _ANY,
            "error": _ERROR_OF_RUN,
            "tripwire": _ANY,
            "suspended": {"type": "array", "items": {"type": "array", "items": _TEXT}},
            "suspendPayload": _map(_ANY),
            "resumeLabels": _map(_ANY),
        },
    )
    | {
        "examples": [
            {
                "status": "success",
                "runId": "greet-1",
                "input": {"name": "ada", "language": "en"},
                "steps": {
                    "input": {"name": "ada", "language": "en"},
                    "compose-greeting": {
                        "status": "success",
                        "output": {"greeting": "Hello, Ada!", "length": 11},
                        "startedAt": 1795385851448,
                        "endedAt": 1795385851449,
                    },
                },
                "stepExecutionPath": ["normalize-name", "compose-greeting"],
                "result": {"greeting": "Hello, Ada!", "length": 11},
            }
        ]
    },
    "Run": _object(
        _IDENTITY | {"status": STATUS},
        {
            "initialState": _map(_ANY),
            "result": _ANY,
            "error": _ERROR_OF_RUN,
            "payload": _ANY,
            "steps": _map(_ref("Step")),
            "activeStepsPath": _map(_ANY),
            "suspendedPaths": _map(_ANY),
            "waitingPaths": _map(_ANY),
            "resumeLabels": _map(_ANY),
            "serializedStepGraph": _GRAPH,
            "requestContext": _map(_ANY),
        },
    ),
    "Runs": _object(
        {
            "runs": {"type": "array", "items": _object(_IDENTITY | {"snapshot": _map(_ANY)})},
            "total": {"type": "integer"},
        }
    ),
    "Stream": _TEXT
    | {
        "description": "Events, each a JSON object followed by the byte 0x1E.",
        "examples": [
            '{"type":"workflow-start","runId":"r","from":"WORKFLOW","payload":{}}\u001e',
        ],
    },
    "Schedule": _object(
        {
            "id": _TEXT,
            "workflowId": _TEXT,
            "cron": _TEXT,
            "status": _SCHEDULE_STATUS,
            "createdAt": _MILLISECONDS,
            "updatedAt": _MILLISECONDS,
        },
        {
            "timezone": _TEXT,
            "nextFireAt": _MILLISECONDS,
            "lastFireAt": _MILLISECONDS,
            "lastRunId": _TEXT,
            "lastRun": _RUN_OF_SCHEDULE,
            "inputData": _ANY,
            "initialState": _map(_ANY),
            "requestContext": _map(_ANY),
            "resourceId": _TEXT,
            "metadata": _map(_ANY),
            "missed": {"type": "string", "enum": ["once", "skip"]},
            "declared": {"type": "boolean"},
        },
    )
    | {
        "examples": [
            {
                "id": "schedule_nightly-greet",
                "workflowId": "greet-customer",
                "cron": "0 3 * * *",
                "timezone": "Europe/Madrid",
                "status": "active",
                "nextFireAt": 1795402800000,
                "inputData": {"name": "ada", "language": "en"},
                "createdAt": 1795385851448,
                "updatedAt": 1795385851448,
            }
        ]
    },
    "Schedules": _object({"schedules": {"type": "array", "items": _ref("Schedule")}}),
    "Fire": _object({"scheduleId": _TEXT, "claimId": _TEXT, "scheduledFireAt": _MILLISECONDS}),
    "Triggers": _object(
        {
            "triggers": {
                "type": "array",
                "items": _object(
                    {
                        "id": _TEXT,
                        "scheduleId": _TEXT,
                        "runId": {"type": ["string", "null"]},
                        "scheduledFireAt": _MILLISECONDS,
                        "actualFireAt": _MILLISECONDS,
                        "outcome": {"type": "string", "enum": ["published", "skipped", "failed"]},
                        "triggerKind": {"type": "string", "enum": ["schedule-fire", "manual"]},
                    },
                    {"error": _TEXT, "run": _RUN_OF_SCHEDULE},
                ),
            }
        }
    ),
}
