// Goes through every method of the official client against a live server, and says what it found:
// one line of JSON for each check. Usage: node drive.mjs URL TOKEN
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { MastraClient } from "@mastra/client-js";

const [baseUrl, token] = process.argv.slice(2);
const client = new MastraClient({ baseUrl, retries: 0, headers: { Authorization: `Bearer ${token}` } });
const checks = [];
const check = (name, run) => checks.push({ name, run });

// --- helpers ---------------------------------------------------------------------------------

const ORDER = { orderId: "A1", quantity: 3, unitPrice: 60 };
const YES = { approved: true, approver: "Mia" };
const GREETING = { inputData: { name: "ada", language: "en" } };
const workflow = (id) => client.getWorkflow(id);

async function read(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

const types = (events) => events.map((event) => event.type.replace("workflow-", ""));
const last = (events) => events.at(-1).payload.workflowStatus;

async function until(question, what) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    const found = await question();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  assert.fail(`waited in vain for: ${what}`);
}

const status = (id, runId, wanted) =>
  until(async () => {
    const run = await workflow(id).runById(runId).catch(() => ({}));
    return wanted.includes(run.status) && run;
  }, `${runId} to be ${wanted}`);

async function refused(call, code, words) {
  const error = await call().then(() => assert.fail("it was not refused"), (error) => error);
  assert.equal(error.status, code, error.message);
  assert.match(JSON.stringify(error.body), words);
}

async function suspended() {
  const run = await workflow("order-approval").createRun();
  const result = await run.startAsync({ inputData: ORDER });
  assert.equal(result.status, "suspended");
  return run;
}

// --- workflows -------------------------------------------------------------------------------

check("listWorkflows", async () => {
  const found = await client.listWorkflows();
  assert.ok(Object.keys(found).length >= 15);
  assert.equal(found["greet-customer"].name, "greet-customer");
  assert.deepEqual(Object.keys(found["greet-customer"].steps), ["normalize-name", "compose-greeting"]);
});

check("listWorkflows, partial", async () => {
  const found = (await client.listWorkflows(undefined, true))["greet-customer"];
  assert.deepEqual([found.stepCount, found.steps, found.inputSchema], [2, {}, undefined]);
});

check("listWorkflowRunCounts", async () => {
  const before = (await client.listWorkflowRunCounts())["order-approval"].suspended;
  await suspended();
  const counts = await client.listWorkflowRunCounts();
  assert.ok(counts["order-approval"].suspended > before);
  assert.equal(typeof counts["greet-customer"].running, "number");
});

check("details", async () => {
  const found = await workflow("refund-request").details();
  assert.deepEqual(Object.keys(found.allSteps), [
    "find-order", "refund-payment", "refund-payment.fraud-check", "refund-payment.issue-refund", "notify-customer",
  ]);
  assert.equal(found.steps["refund-payment"].component, "WORKFLOW");
  assert.equal(found.allSteps["refund-payment"].isWorkflow, true);
});

check("getSchema", async () => {
  const { inputSchema } = await workflow("greet-customer").getSchema();
  assert.deepEqual(inputSchema.properties.language.enum, ["en", "es", "fr"]);
});

check("details of an unknown workflow", () =>
  refused(() => workflow("nope").details(), 404, /Workflow not found/));

// --- making runs -----------------------------------------------------------------------------

check("createRun makes up an id", async () => {
  const run = await workflow("greet-customer").createRun();
  assert.equal((await workflow("greet-customer").runById(run.runId)).status, "pending");
});

check("createRun takes up a run that exists", async () => {
  const runId = randomUUID();
  await workflow("tenant-echo").createRun({ runId, resourceId: "acme" });
  const again = await workflow("tenant-echo").createRun({ runId, resourceId: "other" });
  assert.equal(again.runId, runId);
  assert.equal((await workflow("tenant-echo").runById(runId)).resourceId, "acme");
});

check("createRun of an unknown workflow", () =>
  refused(() => workflow("nope").createRun(), 404, /Workflow not found/));

// --- starting --------------------------------------------------------------------------------

check("start", async () => {
  const run = await workflow("greet-customer").createRun();
  assert.deepEqual(await run.start(GREETING), { message: "Workflow run started" });
  const record = await status("greet-customer", run.runId, ["success"]);
  assert.deepEqual(record.result, { greeting: "Hello, Ada!", length: 11 });
});

check("startAsync", async () => {
  const run = await workflow("tenant-echo").createRun({ resourceId: "acme" });
  const requestContext = { tenant: "blue" };
  const result = await run.startAsync({ inputData: { ask: "who" }, requestContext });
  assert.deepEqual(result.result, { tenant: "blue", resourceId: "acme", runId: run.runId });
  assert.deepEqual(result.stepExecutionPath, ["read-context"]);
});

check("startAsync of a run that fails", async () => {
  const run = await workflow("flaky-payment").createRun();
  const result = await run.startAsync({ inputData: { amount: 10, failures: 3 } });
  assert.equal(result.status, "failed");
  assert.ok(result.error instanceof Error);
  assert.equal(result.error.message, "Card declined (attempt 3)");
});

check("startAsync with input that does not fit", async () => {
  const run = await workflow("greet-customer").createRun();
  await refused(() => run.startAsync({ inputData: { name: 1 } }), 400, /Invalid input data: \\n- name/);
  assert.equal((await workflow("greet-customer").runById(run.runId)).status, "pending");
});

check("startAsync with initial state", async () => {
  const run = await workflow("shopping-cart").createRun();
  const initialState = { items: ["fig", "kiwi"], total: 15 };
  const result = await run.startAsync({ inputData: { item: "pear", price: 5 }, initialState });
  assert.equal(result.result.receipt, "fig+kiwi+pear = 18 (discount)");
  await refused(() => run.startAsync({ inputData: { item: "x", price: 1 } }), 400, /Invalid initial data/);
});

check("startAsync runs a finished run again", async () => {
  const run = await workflow("greet-customer").createRun();
  await run.startAsync(GREETING);
  const again = await run.startAsync({ inputData: { name: "bob", language: "es" } });
  assert.equal(again.result.greeting, "Hola, Bob!");
});

check("perStep and on by time travel", async () => {
  const run = await workflow("greet-customer").createRun();
  const first = await run.startAsync({ ...GREETING, perStep: true });
  assert.equal(first.status, "paused");
  const next = await run.timeTravelAsync({ step: "compose-greeting", perStep: true });
  assert.ok(["paused", "success"].includes(next.status));
});

check("of starts at the same time one begins", async () => {
  const run = await workflow("nightly-report").createRun();
  const starts = Array.from({ length: 5 }, () => run.startAsync({ inputData: { day: "Monday" } }));
  const outcomes = await Promise.allSettled(starts);
  const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
  assert.equal(won.length, 1);
  assert.ok(outcomes.every((one) => one.status === "fulfilled" || one.reason.status === 409));
});

// --- streams ---------------------------------------------------------------------------------

check("stream", async () => {
  const run = await workflow("greet-customer").createRun();
  const events = await read(await run.stream(GREETING));
  assert.deepEqual(types(events), ["start", "step-start", "step-result", "step-start", "step-result", "finish"]);
  assert.deepEqual(events.at(-1).payload.finalWorkflowResult, { greeting: "Hello, Ada!", length: 11 });
  assert.ok(events.every((event) => event.runId === run.runId && event.from === "WORKFLOW"));
});

check("stream of chunks that a step writes", async () => {
  const run = await workflow("import-contacts").createRun();
  const events = await read(await run.stream({ inputData: { csv: "ann,1\nbob,2" } }));
  const written = events.filter((event) => event.type === "workflow-step-output");
  assert.deepEqual(written.map((event) => event.payload.output.name), ["ann", "bob"]);
  assert.deepEqual(events.find((event) => event.type === "data-import-summary").data, { rows: 2 });
});

check("stream of a foreach", async () => {
  const run = await workflow("document-pipeline").createRun();
  const text = "one two three\n\nfour elephants\n\nlast";
  const events = await read(await run.stream({ inputData: { text } }));
  assert.equal(events.filter((event) => event.type === "workflow-step-progress").length, 3);
  assert.equal(last(events), "success");
});

check("stream of a finished run", async () => {
  const run = await workflow("greet-customer").createRun();
  await run.startAsync(GREETING);
  await refused(() => run.stream(GREETING), 409, /already finished with status .*observe/);
});

check("stream with input that does not fit", async () => {
  const run = await workflow("greet-customer").createRun();
  const events = await read(await run.stream({ inputData: { name: 1 } }));
  assert.deepEqual(types(events), ["start", "finish"]);
  assert.equal(last(events), "failed");
  assert.equal(events[1].payload.metadata.error.code, "WORKFLOW_SCHEMA_VALIDATION_FAILED");
  assert.equal((await workflow("greet-customer").runById(run.runId)).status, "pending");
});

check("stream that stays open while the run is suspended", async () => {
  const run = await workflow("order-approval").createRun();
  const stream = await run.stream({ inputData: ORDER, closeOnSuspend: false });
  const reading = read(stream);
  await status("order-approval", run.runId, ["suspended"]);
  await run.resumeAsync({ step: "manager-approval", resumeData: YES });
  const events = await reading;
  assert.equal(types(events).filter((type) => type === "start").length, 1);
  assert.equal(types(events).filter((type) => type === "finish").length, 1);
  assert.equal(types(events).includes("step-suspended"), true);
});

check("observe replays and goes on live", async () => {
  const run = await workflow("long-job").createRun();
  await run.start({ inputData: { chunks: 8, delayMs: 60 } });
  const [live, tail] = await Promise.all([
    run.observe().then(read),
    run.observe({ offset: 3 }).then(read),
  ]);
  assert.equal(last(live), "success");
  assert.equal(live.filter((event) => event.type === "workflow-step-output").length, 8);
  assert.deepEqual(tail, live.slice(3));
});

check("observe shows all streams of a run", async () => {
  const run = await suspended();
  await read(await run.resumeStream({ step: "manager-approval", resumeData: YES }));
  const events = await read(await run.observeStream());
  assert.deepEqual(types(events).filter((type) => ["start", "finish"].includes(type)), ["start", "finish", "start", "finish"]);
  const offset = events.length - 1;
  assert.deepEqual(await read(await run.observe({ offset })), events.slice(-1));
});

check("a client that goes leaves the run alone", async () => {
  const run = await workflow("long-job").createRun();
  const stream = await run.stream({ inputData: { chunks: 6, delayMs: 50 } });
  const reader = stream.getReader();
  await reader.read();
  await reader.cancel();
  const record = await status("long-job", run.runId, ["success", "canceled"]);
  assert.equal(record.status, "success");
});

// --- resuming --------------------------------------------------------------------------------

for (const [method, answer] of [["resume", { message: "Workflow run resumed" }], ["resumeNoWait", null]]) {
  check(method, async () => {
    const run = await suspended();
    const found = await run[method]({ step: "manager-approval", resumeData: YES });
    assert.deepEqual(found, answer ?? { runId: run.runId });
    await status("order-approval", run.runId, ["success"]);
  });
}

check("resumeAsync", async () => {
  const run = await suspended();
  const result = await run.resumeAsync({ step: ["manager-approval"], resumeData: YES });
  assert.deepEqual(result.result, { "fulfil-order": { message: "Order A1 fulfilled (approved by Mia)" } });
});

check("resumeAsync with data that do not fit", async () => {
  const run = await suspended();
  await refused(() => run.resumeAsync({ resumeData: { approved: "so" } }), 400, /Invalid resume data: \\n- approve/);
  assert.equal((await run.resumeAsync({ resumeData: YES })).status, "success");
});

check("resumeAsync of the wrong step, and of a run that is not suspended", async () => {
  const run = await suspended();
  await refused(() => run.resumeAsync({ step: "price-order", resumeData: YES }), 409, /was not suspended.*manager-approval/);
  await run.resumeAsync({ resumeData: YES });
  await refused(() => run.resumeAsync({ resumeData: YES }), 409, /was not suspended/);
});

check("of resumes at the same time one wins", async () => {
  const run = await suspended();
  const calls = Array.from({ length: 6 }, () => run.resumeAsync({ resumeData: YES }));
  const outcomes = await Promise.allSettled(calls);
  assert.equal(outcomes.filter((one) => one.status === "fulfilled").length, 1);
  assert.ok(outcomes.every((one) => one.status === "fulfilled" || one.reason.status === 409));
});

check("resumeStream", async () => {
  const run = await suspended();
  const events = await read(await run.resumeStream({ step: "manager-approval", resumeData: YES }));
  assert.deepEqual(types(events), ["start", "step-start", "step-result", "step-start", "step-result", "finish"]);
  assert.deepEqual(events[1].payload.resumePayload, YES);
});

check("resumeAsync inside a nested workflow", async () => {
  const run = await workflow("refund-request").createRun();
  const result = await run.startAsync({ inputData: { orderId: "o9", amount: 900 } });
  assert.deepEqual(result.suspended, [["refund-payment", "fraud-check"]]);
  const record = await workflow("refund-request").runById(run.runId);
  assert.equal(record.steps["refund-payment"].status, "suspended");
  const done = await run.resumeAsync({ step: "refund-payment.fraud-check", resumeData: { reviewer: "Noa" } });
  assert.equal(done.result.message, "Refunded 900 for O9 (checked by Noa)");
});

check("resumeAsync of items of a foreach", async () => {
  const run = await workflow("batch-approval").createRun();
  const inputData = [{ who: "ann", amount: 10 }, { who: "bob", amount: 70 }];
  assert.equal((await run.startAsync({ inputData })).status, "suspended");
  const done = await run.resumeAsync({ step: "review-expense", resumeData: { ok: false }, forEachIndex: 1 });
  assert.deepEqual(done.result, { approved: ["ann"], refused: ["bob"] });
});

// --- canceling, restarting -------------------------------------------------------------------

check("cancel", async () => {
  const run = await workflow("long-job").createRun();
  const outcome = run.startAsync({ inputData: { chunks: 200, delayMs: 50 } });
  await status("long-job", run.runId, ["running"]);
  assert.deepEqual(await run.cancel(), { message: "Workflow run cancelled" });
  assert.equal((await outcome).status, "canceled");
});

check("cancelRun of a suspended run, and of a finished one", async () => {
  const run = await suspended();
  await run.cancelRun();
  assert.equal((await workflow("order-approval").runById(run.runId)).status, "canceled");
  const finished = await workflow("greet-customer").createRun();
  await finished.startAsync(GREETING);
  await finished.cancel();
  assert.equal((await workflow("greet-customer").runById(finished.runId)).status, "success");
});

check("restartAsync of a finished run", async () => {
  const run = await workflow("greet-customer").createRun();
  const result = await run.startAsync(GREETING);
  assert.deepEqual((await run.restartAsync()).result, result.result);
  assert.deepEqual(await run.restart({}), { message: "Workflow run restarted" });
});

check("restartAsync of a suspended run, and of one that runs", async () => {
  const run = await suspended();
  await refused(() => run.restartAsync(), 409, /not active/);
  const busy = await workflow("long-job").createRun();
  await busy.start({ inputData: { chunks: 200, delayMs: 50 } });
  await status("long-job", busy.runId, ["running"]);
  await until(async () => (await workflow("long-job").runById(busy.runId)).steps["process-chunks"], "its step");
  await refused(() => busy.restartAsync(), 409, /worked on/);
  await busy.cancel();
});

// --- time travel -----------------------------------------------------------------------------

check("timeTravelAsync", async () => {
  const run = await suspended();
  const inputData = { orderId: "A1", total: 90 };
  const result = await run.timeTravelAsync({ step: "manager-approval", inputData });
  assert.deepEqual(result.result, { "fulfil-order": { message: "Order A1 fulfilled (approved by auto)" } });
});

check("timeTravelStream", async () => {
  const run = await workflow("greet-customer").createRun();
  await run.startAsync(GREETING);
  const inputData = { name: "Eve", language: "fr" };
  const events = await read(await run.timeTravelStream({ step: "compose-greeting", inputData }));
  assert.deepEqual(types(events), ["start", "step-start", "step-result", "finish"]);
  assert.equal(events.at(-1).payload.finalWorkflowResult.greeting, "Bonjour, Eve!");
});

check("timeTravel", async () => {
  const run = await workflow("greet-customer").createRun();
  const answer = await run.timeTravel({
    step: "compose-greeting",
    context: { "normalize-name": { status: "success", output: { name: "Kim", language: "es" }, payload: {} } },
  });
  assert.deepEqual(answer, { message: "Workflow run time travel started" });
  const record = await status("greet-customer", run.runId, ["success"]);
  assert.equal(record.result.greeting, "Hola, Kim!");
});

check("timeTravelAsync to a step that does not exist", async () => {
  const run = await workflow("greet-customer").createRun();
  await run.startAsync(GREETING);
  await refused(() => run.timeTravelAsync({ step: "nope" }), 400, /does not exist/);
});

// --- reading and deleting --------------------------------------------------------------------

check("runs", async () => {
  const resourceId = randomUUID();
  for (const runId of ["1", "2", "3"].map((n) => `${resourceId}-${n}`)) {
    await workflow("greet-customer").createRun({ runId, resourceId });
  }
  const all = await workflow("greet-customer").runs({ resourceId });
  assert.equal(all.total, 3);
  assert.deepEqual(all.runs.map((run) => run.runId.at(-1)), ["3", "2", "1"]);
  const page = await workflow("greet-customer").runs({ resourceId, page: 1, perPage: 2 });
  assert.deepEqual([page.total, page.runs.map((run) => run.runId.at(-1))], [3, ["1"]]);
  const older = await workflow("greet-customer").runs({ resourceId, limit: 2, offset: 2 });
  assert.deepEqual(older.runs.map((run) => run.runId.at(-1)), ["1"]);
  const moment = new Date(all.runs[1].createdAt);
  const within = await workflow("greet-customer").runs({ resourceId, fromDate: moment, toDate: moment });
  assert.deepEqual(within.runs.map((run) => run.runId.at(-1)), ["2"]);
  assert.equal((await workflow("greet-customer").runs({ resourceId, status: "success" })).total, 0);
});

check("runs with a wrong status", () =>
  refused(() => workflow("greet-customer").runs({ status: "odd" }), 400, /status/));

check("runById with fields", async () => {
  const run = await workflow("greet-customer").createRun();
  await run.startAsync(GREETING);
  const record = await workflow("greet-customer").runById(run.runId, { fields: ["result", "payload"] });
  assert.deepEqual(Object.keys(record).sort(), [
    "createdAt", "payload", "resourceId", "result", "runId", "status", "updatedAt", "workflowName",
  ]);
  await refused(() => workflow("greet-customer").runById(run.runId, { fields: ["odd"] }), 400, /"field":"fields"/);
});

check("runById without nested workflows", async () => {
  const run = await workflow("refund-request").createRun();
  await run.startAsync({ inputData: { orderId: "o1", amount: 20 } });
  const all = await workflow("refund-request").runById(run.runId);
  const few = await workflow("refund-request").runById(run.runId, { withNestedWorkflows: false });
  assert.ok("refund-payment.fraud-check" in all.steps);
  assert.deepEqual(Object.keys(few.steps), ["find-order", "refund-payment", "notify-customer"]);
});

check("deleteRunById", async () => {
  const run = await workflow("greet-customer").createRun();
  assert.deepEqual(await workflow("greet-customer").deleteRunById(run.runId), { message: "Workflow run deleted" });
  await refused(() => workflow("greet-customer").deleteRunById(run.runId), 404, /Workflow run not found/);
  await refused(() => workflow("greet-customer").runById(run.runId), 404, /Workflow run not found/);
});

check("a wrong token", async () => {
  const stranger = new MastraClient({ baseUrl, retries: 0, headers: { Authorization: "Bearer runs_no" } });
  await refused(() => stranger.listWorkflows(), 401, /token/);
});

// --- schedules -------------------------------------------------------------------------------

const NIGHTLY = { workflowId: "greet-customer", cron: "0 3 * * *", ...GREETING };
const nightly = () =>
  client.createSchedule({ ...NIGHTLY, id: `nightly ${randomUUID()}`, timezone: "Europe/Madrid" });

check("createSchedule, getSchedule, listSchedules", async () => {
  const made = await nightly();
  assert.match(made.id, /^schedule_nightly-/);
  assert.ok(made.nextFireAt > Date.now());
  assert.deepEqual(await client.getSchedule(made.id), made);
  const { schedules } = await client.listSchedules({ workflowId: "greet-customer", status: "active" });
  assert.deepEqual(schedules.find((one) => one.id === made.id), made);
  await refused(() => client.createSchedule({ ...NIGHTLY, id: made.id }), 409, /already exists/);
  await refused(() => client.createSchedule({ ...NIGHTLY, cron: "bogus" }), 400, /Invalid cron expression/);
  await refused(() => client.createSchedule({ ...NIGHTLY, workflowId: "nope" }), 404, /not found/);
});

check("updateSchedule, pauseSchedule, resumeSchedule", async () => {
  const { id, nextFireAt } = await nightly();
  const changed = await client.updateSchedule(id, { cron: "30 4 * * *", metadata: { by: "ops" } });
  assert.notEqual(changed.nextFireAt, nextFireAt);
  assert.deepEqual(changed.metadata, { by: "ops" });
  assert.equal((await client.pauseSchedule(id)).status, "paused");
  assert.equal((await client.resumeSchedule(id)).status, "active");
});

check("runSchedule, listScheduleTriggers", async () => {
  const { id, nextFireAt } = await nightly();
  const { claimId, scheduledFireAt } = await client.runSchedule(id);
  assert.equal(claimId, `sched_${id}_${scheduledFireAt}`);
  await status("greet-customer", claimId, ["success"]);
  const { triggers } = await client.listScheduleTriggers(id, { limit: 5 });
  assert.deepEqual(
    triggers.map((one) => [one.runId, one.outcome, one.triggerKind, one.run.status]),
    [[claimId, "published", "manual", "success"]],
  );
  assert.equal((await client.getSchedule(id)).nextFireAt, nextFireAt);
});

check("a schedule fires by itself, once each time, and deleteSchedule ends it", async () => {
  const { id } = await client.createSchedule({ ...NIGHTLY, cron: "* * * * * *" });
  const fired = await until(async () => {
    const { triggers } = await client.listScheduleTriggers(id);
    return triggers.length >= 2 && triggers;
  }, "two fires");
  assert.deepEqual(await client.deleteSchedule(id), { message: "Schedule deleted" });
  assert.ok(fired.every((one) => one.triggerKind === "schedule-fire"));
  assert.equal(new Set(fired.map((one) => one.scheduledFireAt)).size, fired.length);
  await refused(() => client.getSchedule(id), 404, /Schedule not found/);
});

for (const { name, run } of checks) {
  const began = Date.now();
  const error = await run().then(() => null, (error) => error.stack);
  console.log(JSON.stringify({ name, error, ms: Date.now() - began }));
}
process.exit(0);
