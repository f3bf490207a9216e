#!/usr/bin/env node
// A receiver app to stand behind a guard: prints what it gets and answers.
//
//     node examples/receiver.mjs --listen 127.0.0.1:3000
//
// It verifies nothing: whatever reaches it through the guard was verified.
// `--answer 500` shows that a delivery which the app refused is let through
// again. Needs nothing but Node.
//
// Where others can reach the app too, `--attest-secret-file FILE` has it take
// only what carries the guard's proof; this needs `npm install standardwebhooks`.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const BODY_BYTES_SHOWN = 200;

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:3000" },
    answer: { type: "string", default: "204" },
    "attest-secret-file": { type: "string" },
  },
});
const [, host, port] = values.listen.match(/^(.*):(\d+)$/) ?? [];
if (!port) {
  console.error(`--listen ${values.listen}: expected ADDRESS:PORT`);
  process.exit(2);
}

const proof = values["attest-secret-file"] && (await proofUnder(values["attest-secret-file"]));

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const proven = !proof || proof(request.headers, body);
  printDelivery(request, body, proven);
  response.writeHead(proven ? Number(values.answer) : 401).end();
});

// What the guard signs with --attest-secret-file: Standard Webhooks, under other names.
async function proofUnder(path) {
  const { Webhook } = await import("standardwebhooks");
  const webhook = new Webhook(readFileSync(path, "utf8").trimEnd());
  return (headers, body) => {
    const renamed = ["id", "timestamp", "signature"].map((part) => [`webhook-${part}`, headers[`countersign-attest-${part}`]]);
    try {
      webhook.verify(body, Object.fromEntries(renamed), { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  };
}

function printDelivery({ method, url, headers }, body, proven) {
  const lines = ["", `${method} ${url}`];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("countersign-")) lines.push(`  ${name}: ${value}`);
  }
  if (proof) lines.push(`  proof of the guard: ${proven ? "holds" : "refused"}`);
  lines.push(`  sha256: ${createHash("sha256").update(body).digest("hex")}`);
  lines.push(`  ${body.length} bytes: ${JSON.stringify(body.subarray(0, BODY_BYTES_SHOWN).toString())}`);
  console.log(lines.join("\n"));
}

server.listen(Number(port), host, () => {
  console.log(`receiver: listening on ${host}:${server.address().port}, answering ${values.answer}`);
});
