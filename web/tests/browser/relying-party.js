/**
 * A small web application that signs people in at a tenant: authorization code with PKCE, a secret,
 * and an ID token whose signature, issuer, audience and nonce are checked.
 *
 * Source: OpenID Connect Core 1.0 §3.1, RFC 7636.
 */
import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { createServer } from 'node:http';

const random = () => randomBytes(32).toString('base64url');
const escaped = (text) => String(text).replaceAll(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

export class RelyingParty {
  /** Registers an application in a tenant and serves it. */
  static async start(deployment, tenantName, displayName, properties = {}) {
    const pending = new Map();
    let party;
    const server = createServer((request, response) => {
      party.answer(request, response).catch((error) => {
        response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error));
      });
    });
    await new Promise((resolve) => server.listen(0, 'localhost', resolve));
    const url = `http://localhost:${server.address().port}`;
    const application = await deployment.call(tenantName, 'POST', '/v1.0/applications', {
      displayName,
      web: { redirectUris: [`${url}/signed-in`] },
    });
    const { appId } = application;
    const principal = await deployment.call(tenantName, 'POST', '/v1.0/servicePrincipals', {
      appId,
      ...properties,
    });
    const { secretText } = await deployment.call(
      tenantName,
      'POST',
      `/v1.0/applications/${application.id}/addPassword`,
      {},
    );
    const { id: tenantId } = deployment.tenant(tenantName);
    const discovery = `${deployment.url}/${tenantId}/v2.0/.well-known/openid-configuration`;
    const metadata = await (await fetch(discovery)).json();
    party = new RelyingParty();
    Object.assign(party, { server, url, appId, principal, secretText, metadata, pending });
    return party;
  }

  async answer(request, response) {
    const asked = new URL(request.url, this.url);
    if (asked.pathname === '/') {
      const [state, nonce, verifier] = [random(), random(), random()];
      this.pending.set(state, { nonce, verifier });
      const to = new URL(this.metadata.authorization_endpoint);
      to.search = new URLSearchParams({
        client_id: this.appId,
        response_type: 'code',
        redirect_uri: `${this.url}/signed-in`,
        scope: 'openid profile email',
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      response.writeHead(302, { location: to.href }).end();
      return;
    }
    if (asked.pathname !== '/signed-in') {
      response.writeHead(204).end();
      return;
    }
    const page = (title, text) =>
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(
          `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1><pre>${escaped(text)}</pre>`,
        );
    const refused = asked.searchParams.get('error');
    if (refused) {
      page('Refused', `${refused}: ${asked.searchParams.get('error_description')}`);
      return;
    }
    const claims = await this.exchange(asked.searchParams);
    page(`Hello ${escaped(claims.name)}`, JSON.stringify(claims));
  }

  async exchange(answer) {
    const { nonce, verifier } = this.pending.get(answer.get('state')) ?? {};
    assert.ok(nonce, 'the answer is to a question of ours');
    this.pending.delete(answer.get('state'));
    const response = await fetch(this.metadata.token_endpoint, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${this.appId}:${encodeURIComponent(this.secretText)}`).toString('base64')}`,
      },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: answer.get('code'),
        redirect_uri: `${this.url}/signed-in`,
        code_verifier: verifier,
      }),
    });
    const tokens = await response.json();
    assert.equal(response.status, 200, JSON.stringify(tokens));
    const [head, body, signature] = tokens.id_token.split('.');
    const part = (text) => JSON.parse(Buffer.from(text, 'base64url').toString());
    const { kid, alg } = part(head);
    assert.equal(alg, 'RS256');
    const { keys } = await (await fetch(this.metadata.jwks_uri)).json();
    const key = createPublicKey({ key: keys.find((each) => each.kid === kid), format: 'jwk' });
    const signed = Buffer.from(`${head}.${body}`);
    assert.ok(verify('sha256', signed, key, Buffer.from(signature, 'base64url')), 'the signature');
    const claims = part(body);
    assert.equal(claims.iss, this.metadata.issuer);
    assert.equal(claims.aud, this.appId);
    assert.equal(claims.nonce, nonce);
    return claims;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
