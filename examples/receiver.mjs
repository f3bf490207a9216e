#!/usr/bin/env node
// A receiver app to stand behind a guard: prints what it gets and answers.
//
//     node examples/receiver.mjs --listen 127.0.0.1:3000
//
// It verifies nothing: whatever reaches it through the guard was verified.
// `--answer 500` shows that a delivery which the app refused is let through
// again. Needs nothing but Node.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const BODY_BYTES_SHOWN = 200;

const { values } = parseArgs({
  options: {
    listen: { type: "string", default: "127.0.0.1:3000" },
    answer: { type: "string", default: "204" },
  },
});
const [, host, port] = values.listen.match(/^(.*):(\d+)$/) ?? [];
if (!port) {
  console.error(`--listen ${values.listen}: expected ADDRESS:PORT`);
  process.exit(2);
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  printDelivery(request, Buffer.concat(chunks));
  response.writeHead(Number(values.answer)).end();
});

function printDelivery({ method, url, headers }, body) {
  const lines = ["", `${method} ${url}`];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("countersign-")) lines.push(`  ${name}: ${value}`);
  }
  lines.push(`  sha256: ${createHash("sha256").update(body).digest("hex")}`);
  lines.push(`  ${body.length} bytes: ${JSON.stringify(body.subarray(0, BODY_BYTES_SHOWN).toString())}`);
  console.log(lines.join("\n"));
}

server.listen(Number(port), host, () => {
  console.log(`receiver: listening on ${host}:${server.address().port}, answering ${values.answer}`);
});
