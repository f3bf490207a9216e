// Signs deliveries, and verifies them, with the providers' own Node SDKs.
//
// Reads one JSON object a line from standard input:
//
//     {"preset": "svix", "secret": "whsec_...", "body_b64": "...", "timestamp": 1700000000, "id": "msg_1"}
//
// and answers each with one line, the header fields as a JSON object. `id` is
// needed only by the schemes that sign one. Or, to have the SDK judge what
// somebody else signed, by the clock of this machine:
//
//     {"verify": true, "preset": "svix", "secret": "whsec_...", "body_b64": "...", "headers": {"svix-id": "msg_1", ...}}
//
// answered by {"valid": true} or {"valid": false}.

import { createInterface } from "node:readline";

import { presets } from "./sdks.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  const preset = presets[message.preset];
  if (!preset) {
    console.error(`sign.mjs: no Node SDK signs for "${message.preset}"; offered: ${Object.keys(presets).join(", ")}`);
    process.exit(1);
  }
  const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(message.body_b64, "base64"));
  const answer = message.verify ? { valid: await preset.verify(message, body) } : await preset.sign(message, body);
  console.log(JSON.stringify(answer));
}
