// Mastra with its LibSQL store (SQLite in WAL mode, synchronous=NORMAL: the store sets that itself).
// Argument: a folder for its database. Speaks the protocol of benchmarks/peers/serving.py.
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { Mastra } from '@mastra/core/mastra';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { LibSQLStore } from '@mastra/libsql';
import { z } from 'zod';

const file = path.join(process.argv[2], 'mastra.db');
const any = z.any();
const now = () => process.hrtime.bigint();
const ms = (since) => Number(now() - since) / 1e6;

const step = (id, execute) => createStep({ id, inputSchema: any, outputSchema: any, execute });
const plusOne = async ({ inputData }) => inputData + 1;
const passOn = async ({ inputData }) => ({ number: inputData.number + 1, rows: inputData.rows });
// BigInt is not JSON; a number of nanoseconds is exact enough for hundreds of days of uptime.
const sign = async () => Number(now());

function chain(id, steps, execute) {
  let made = createWorkflow({ id, inputSchema: any, outputSchema: any });
  for (let n = 0; n < steps; n++) made = made.then(step(`s${n}`, execute));
  return made.commit();
}

const ask = createStep({
  id: 'ask',
  inputSchema: any,
  outputSchema: any,
  resumeSchema: any,
  suspendSchema: any,
  execute: async ({ resumeData, suspend }) =>
    resumeData ? resumeData.answer : await suspend({ reason: 'a person has to look' }),
});
const spread = createWorkflow({ id: 'fanOut', inputSchema: any, outputSchema: any });
const waiting = createWorkflow({ id: 'approval', inputSchema: any, outputSchema: any });
const workflows = {
  ten: chain('ten', 10, plusOne),
  signs: chain('signs', 10, sign),
  payload: chain('payload', 10, passOn),
  fanOut: spread.foreach(step('item', plusOne), { concurrency: 10 }).commit(),
  approval: waiting.then(step('before', plusOne)).then(ask).then(step('after', plusOne)).commit(),
};
for (const steps of [20, 100, 1000, 3000])
  workflows[`long${steps}`] = chain(`long${steps}`, steps, plusOne);

const storage = new LibSQLStore({ id: 'bench', url: `file:${file}` });
const mastra = new Mastra({ workflows, storage, logger: false });

async function succeed(name, inputData) {
  const run = await mastra.getWorkflow(name).createRun();
  const result = await run.start({ inputData });
  if (result.status !== 'success') throw new Error(`${name} ended ${result.status}`);
  return result;
}

async function oneAfterAnother(count, work, each = 1) {
  const samples = [];
  const began = now();
  for (let n = 0; n < count; n++) {
    const start = now();
    await work(n);
    samples.push(ms(start));
  }
  return { count: count * each, seconds: ms(began) / 1e3, samples_ms: samples };
}

// A checkpoint moves what is in the log into the file, else the log's bytes would count too.
async function storedBytes() {
  const { createClient } = await import('@libsql/client').catch(() => ({}));
  if (!createClient) return fs.statSync(file).size;
  const client = createClient({ url: `file:${file}` });
  await client.execute('PRAGMA wal_checkpoint(TRUNCATE)');
  client.close();
  return fs.statSync(file).size;
}

async function stored(work) {
  const before = await storedBytes();
  const answer = await work();
  return { ...answer, stored_bytes: (await storedBytes()) - before };
}

// The same rows as serving.rows makes.
function rows(kilobytes) {
  const found = [];
  let seed = 12345n;
  let size = 2;
  while (size < kilobytes * 1000) {
    seed = (seed * 1103515245n + 12345n) % 2n ** 31n;
    const hex = (value) => (value % 2n ** 64n).toString(16).padStart(16, '0');
    const row = {
      id: found.length,
      name: `customer ${seed}`,
      email: `c${seed % 99991n}@example.org`,
      total: Number(seed % 100000n) / 100,
      key: hex(seed * 2654435761n) + hex(seed * 40503n),
    };
    found.push(row);
    size += JSON.stringify(row).length + 1;
  }
  return found;
}

const workloads = {
  sequential: ({ runs }) => oneAfterAnother(runs, () => succeed('ten', 0), 10),

  burst: async ({ runs }) => {
    const began = now();
    await Promise.all(Array.from({ length: runs }, () => succeed('ten', 0)));
    return { count: runs, seconds: ms(began) / 1e3 };
  },

  long: ({ steps }) => stored(() => oneAfterAnother(1, () => succeed(`long${steps}`, 0), steps)),

  fan_out: ({ items }) => {
    const given = Array.from({ length: items }, (_, n) => n);
    return oneAfterAnother(1, () => succeed('fanOut', given), items);
  },

  suspend: async ({ runs }) => {
    let resuming = 0;
    const answer = await oneAfterAnother(runs, async () => {
      const run = await mastra.getWorkflow('approval').createRun();
      if ((await run.start({ inputData: 0 })).status !== 'suspended') throw new Error('not asked');
      const began = now();
      const result = await run.resume({ step: 'ask', resumeData: { answer: 41 } });
      if (result.result !== 42) throw new Error(`ended ${result.status}`);
      resuming += ms(began) / 1e3;
    });
    return { ...answer, resume_seconds: resuming };
  },

  latency: async ({ runs }) => {
    const samples = [];
    const answer = await oneAfterAnother(
      runs,
      async () => {
        const run = await mastra.getWorkflow('signs').createRun();
        for await (const event of run.stream({ inputData: 0 }).fullStream)
          if (event.type === 'workflow-step-result')
            samples.push((Number(now()) - event.payload.output) / 1e6);
      },
      10,
    );
    return { ...answer, samples_ms: samples };
  },

  payload: ({ runs, kilobytes }) => {
    const given = { number: 0, rows: rows(kilobytes) };
    return stored(() => oneAfterAnother(runs, () => succeed('payload', given), 10));
  },
};

const say = (answer) => fs.writeSync(1, `${JSON.stringify(answer)}\n`);
// What the library prints must not get between the answers.
console.log = console.info = console.debug = console.error;
await succeed('ten', 0);
say({ ready: Object.keys(workloads) });
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { workload, params } = JSON.parse(line);
  const work = workloads[workload];
  if (!work) say({ unsupported: true });
  else
    say(await work(params).catch((error) => ({ error: String(error?.stack ?? error) })));
}
process.exit(0);
