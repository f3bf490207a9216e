// The providers' own Node SDKs, one look for all of them.
//
// Shopify's SDK only verifies: there the documented formula signs, and the SDK
// has to accept what it made. The SDKs sign text, so a body must be UTF-8; some
// of them parse what they have verified, so to be verified it must be JSON.

import { createHash, createHmac } from "node:crypto";

export const presets = {
  // jose. `alg` and `kid` go into the header, `claims` are signed as they are.
  jwt: {
    async sign({ secret, alg, kid, claims }) {
      const { SignJWT, importPKCS8 } = await import("jose");
      const key = alg === "HS256" ? new TextEncoder().encode(secret) : await importPKCS8(secret, alg);
      const token = await new SignJWT(claims).setProtectedHeader({ alg, kid }).sign(key);
      return { Authorization: `Bearer ${token}` };
    },
    async verify({ secret, alg, audience, headers }) {
      const { errors, importSPKI, jwtVerify } = await import("jose");
      const key = alg === "HS256" ? new TextEncoder().encode(secret) : await importSPKI(secret, alg);
      const token = headers.authorization.replace("Bearer ", "");
      try {
        await jwtVerify(token, key, { algorithms: [alg], audience });
        return true;
      } catch (error) {
        if (error instanceof errors.JOSEError) return false;
        throw error;
      }
    },
  },

  "standard-webhooks": idTimestampSignature("webhook", () => import("standardwebhooks")),

  svix: idTimestampSignature("svix", () => import("svix")),

  stripe: {
    async sign({ secret, timestamp }, body) {
      const { webhooks } = await stripeSdk();
      return { "Stripe-Signature": webhooks.generateTestHeaderString({ payload: body, secret, timestamp }) };
    },
    async verify({ secret, headers }, body) {
      const { webhooks, errors } = await stripeSdk();
      const judge = () => webhooks.signature.verifyHeader(body, headers["stripe-signature"], secret);
      return accepts(judge, errors.StripeSignatureVerificationError);
    },
  },

  github: {
    async sign({ secret, id }, body) {
      const { sign } = await import("@octokit/webhooks-methods");
      return {
        "X-GitHub-Event": "ping",
        "X-GitHub-Delivery": id ?? NIL_UUID,
        "X-Hub-Signature-256": await sign(secret, body),
      };
    },
    async verify({ secret, headers }, body) {
      const { verify } = await import("@octokit/webhooks-methods");
      return verify(secret, body, headers["x-hub-signature-256"]);
    },
  },

  shopify: {
    async sign({ secret, id }, body) {
      const signature = createHmac("sha256", secret).update(body).digest("base64");
      const fields = { ...unsignedByShopify(id), "X-Shopify-Hmac-Sha256": signature };
      const verdict = await shopifyVerdict(secret, fields, body);
      if (!verdict.valid) throw new Error(`Shopify's SDK refuses the signature: ${verdict.reason}`);
      return fields;
    },
    async verify({ secret, headers }, body) {
      const verdict = await shopifyVerdict(secret, { ...unsignedByShopify(), ...headers }, body);
      if (!verdict.valid && verdict.reason !== "invalid_hmac") {
        throw new Error(`Shopify's SDK does not come to the signature: ${verdict.reason}`);
      }
      return verdict.valid;
    },
  },

  // Besides the secret the message names `url`, `key_id`, `algorithm` and the
  // `components`. The library signs no digest of the body by itself.
  rfc9421: {
    async sign({ secret, timestamp, url, key_id, algorithm, components }, body) {
      const { httpbis, createSigner } = await import("http-message-signatures");
      const config = {
        key: createSigner(secret, algorithm, key_id),
        fields: components,
        params: ["created", "keyid", "alg"],
        paramValues: { created: new Date(timestamp * 1000) },
      };
      const digest = createHash("sha256").update(body).digest("base64");
      const headers = { "Content-Type": "application/json", "Content-Digest": `sha-256=:${digest}:` };
      return (await httpbis.signMessage(config, { method: "POST", url, headers })).headers;
    },
    async verify({ secret, headers, url, key_id, algorithm, components }, body) {
      const { httpbis, createVerifier } = await import("http-message-signatures");
      const key = { id: key_id, algs: [algorithm], verify: createVerifier(secret, algorithm) };
      const config = { keyLookup: async ({ keyid }) => (keyid === key_id ? key : null), requiredFields: components };
      const digest = createHash("sha256").update(body).digest("base64");
      if (headers["content-digest"] !== `sha-256=:${digest}:`) return false;
      return (await httpbis.verifyMessage(config, { method: "POST", url, headers })) === true;
    },
  },

  "http-signature-cavage": {
    async sign({ secret, timestamp, url, key_id, algorithm, components }, body) {
      const { cavage, createSigner } = await import("http-message-signatures");
      const config = {
        key: createSigner(secret, algorithm, key_id),
        fields: components.map((name) => name.replace(/^\((.*)\)$/, "@$1")),
        params: ["created", "keyid", "alg"],
        paramValues: { created: new Date(timestamp * 1000) },
      };
      const headers = { Digest: `SHA-256=${createHash("sha256").update(body).digest("base64")}` };
      return (await cavage.signMessage(config, { method: "POST", url, headers })).headers;
    },
    async verify({ secret, headers, url, key_id, algorithm }, body) {
      const { cavage, createVerifier } = await import("http-message-signatures");
      const key = { id: key_id, algs: [algorithm], verify: createVerifier(secret, algorithm) };
      const config = { keyLookup: async ({ keyid }) => (keyid === key_id ? key : null) };
      const digest = createHash("sha256").update(body).digest("base64");
      if (headers.digest !== `SHA-256=${digest}`) return false;
      return (await cavage.verifyMessage(config, { method: "POST", url, headers })) === true;
    },
  },
};

const NIL_UUID = "00000000-0000-0000-0000-000000000000";

function idTimestampSignature(prefix, sdk) {
  return {
    async sign({ secret, id, timestamp }, body) {
      const { Webhook } = await sdk();
      return {
        [`${prefix}-id`]: id,
        [`${prefix}-timestamp`]: String(timestamp),
        [`${prefix}-signature`]: new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
      };
    },
    async verify({ secret, headers }, body) {
      const { Webhook, WebhookVerificationError } = await sdk();
      return accepts(() => new Webhook(secret).verify(body, headers), WebhookVerificationError);
    },
  };
}

// Whether `judge` returns. What it throws is a refusal only if it says so.
function accepts(judge, refusal) {
  try {
    judge();
    return true;
  } catch (error) {
    if (error instanceof refusal) return false;
    throw error;
  }
}

async function stripeSdk() {
  const { Stripe } = await import("stripe");
  // No request is made with the key: the SDK only wants one to exist.
  return { webhooks: new Stripe("sk_test_unused").webhooks, errors: Stripe.errors };
}

function unsignedByShopify(id) {
  return {
    "X-Shopify-Topic": "orders/create",
    "X-Shopify-Shop-Domain": "example.myshopify.com",
    "X-Shopify-API-Version": "2025-07",
    "X-Shopify-Webhook-Id": id ?? NIL_UUID,
  };
}

async function shopifyVerdict(secret, headers, body) {
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
  const rawRequest = new Request("https://app.example/hooks", { method: "POST", headers, body });
  return shopify.webhooks.validate({ rawBody: body, rawRequest });
}
