// Signs deliveries with the providers' own Node SDKs.
//
// Reads one JSON object a line from standard input:
//
//     {"preset": "svix", "secret": "whsec_...", "body_b64": "...", "timestamp": 1700000000, "id": "msg_1"}
//
// and answers each with one line, the header fields as a JSON object. `id` is
// needed only by the schemes that sign one. Shopify's SDK only verifies: there
// the documented formula signs, and the SDK has to accept what it made.
//
// The SDKs sign text, so the body must be UTF-8.

import { createHmac } from "node:crypto";
import { createInterface } from "node:readline";

const signers = {
  "standard-webhooks": async (message, body) => {
    const { Webhook } = await import("standardwebhooks");
    return idTimestampSignature("webhook", new Webhook(message.secret), message, body);
  },

  svix: async (message, body) => {
    const { Webhook } = await import("svix");
    return idTimestampSignature("svix", new Webhook(message.secret), message, body);
  },

  stripe: async ({ secret, timestamp }, body) => {
    const { Stripe } = await import("stripe");
    // No request is made with the key: the SDK only wants one to exist.
    const { webhooks } = new Stripe("sk_test_unused");
    return { "Stripe-Signature": webhooks.generateTestHeaderString({ payload: body, secret, timestamp }) };
  },

  github: async ({ secret, id }, body) => {
    const { sign } = await import("@octokit/webhooks-methods");
    return {
      "X-GitHub-Event": "ping",
      "X-GitHub-Delivery": id ?? "00000000-0000-0000-0000-000000000000",
      "X-Hub-Signature-256": await sign(secret, body),
    };
  },

  shopify: async ({ secret, id }, body) => {
    const fields = {
      "X-Shopify-Topic": "orders/create",
      "X-Shopify-Shop-Domain": "example.myshopify.com",
      "X-Shopify-API-Version": "2025-07",
      "X-Shopify-Webhook-Id": id ?? "00000000-0000-0000-0000-000000000000",
      "X-Shopify-Hmac-Sha256": createHmac("sha256", secret).update(body).digest("base64"),
    };
    await acceptedByShopify(secret, body, fields);
    return fields;
  },
};

function idTimestampSignature(prefix, webhook, { id, timestamp }, body) {
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: String(timestamp),
    [`${prefix}-signature`]: webhook.sign(id, new Date(timestamp * 1000), body),
  };
}

async function acceptedByShopify(secret, body, fields) {
  await import("@shopify/shopify-api/adapters/web-api");
  const { LogSeverity, shopifyApi } = await import("@shopify/shopify-api");
  const shopify = shopifyApi({
    apiKey: "unused",
    apiSecretKey: secret,
    apiVersion: "2025-07",
    hostName: "app.example",
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error },
  });
  const rawRequest = new Request("https://app.example/hooks", { method: "POST", headers: fields, body });
  const verdict = await shopify.webhooks.validate({ rawBody: body, rawRequest });
  if (!verdict.valid) throw new Error(`Shopify's SDK refuses the signature: ${verdict.reason}`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  const sign = signers[message.preset];
  if (!sign) {
    console.error(`sign.mjs: no Node SDK signs for "${message.preset}"; offered: ${Object.keys(signers).join(", ")}`);
    process.exit(1);
  }
  const body = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(message.body_b64, "base64"));
  console.log(JSON.stringify(await sign(message, body)));
}
