// An HTTPS consumer that lets the providers' own Node SDKs decide.
//
//     SECRET=... consumer.mjs CA CERTIFICATE KEY
//
// listens on a port of the system's choice, prints it, and asks for a client
// certificate of that CA. POST /PRESET is answered 204 if the preset's SDK
// accepts the request as signed with SECRET, else 401; POST /PRESET?tamper has
// one byte added to its body first, as if somebody on the way had done it.

import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { buffer } from "node:stream/consumers";

import { presets } from "./sdks.mjs";

const [ca, certificate, key] = process.argv.slice(2);
const secret = process.env.SECRET;

async function judge(request) {
  const url = new URL(request.url, "https://localhost");
  const tampered = url.search === "?tamper" ? " " : "";
  const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await buffer(request)) + tampered;
  // HTTP/2 has fields such as ":path", which SDKs do not expect.
  const fields = Object.entries(request.headers).filter(([name]) => !name.startsWith(":"));
  return presets[url.pathname.slice(1)].verify({ secret, headers: Object.fromEntries(fields) }, body);
}

const tls = { ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key), requestCert: true };
const server = createSecureServer({ ...tls, allowHTTP1: true }, async (request, response) => {
  response.writeHead((await judge(request)) ? 204 : 401).end();
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
