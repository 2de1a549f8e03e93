// A browser that has no script: it keeps cookies, fills in forms, and signs a person in by the pages.

import assert from "node:assert/strict";

export class Browser {
  cookies = new Map();

  constructor({ url, user, password }) {
    Object.assign(this, { url, user, password });
  }

  /** A page, or where it is led away from the server. */
  async go(address, options = {}) {
    for (;;) {
      const answer = await fetch(address, {
        redirect: "manual",
        ...options,
        headers: { cookie: [...this.cookies].map((pair) => pair.join("=")).join("; ") },
      });
      for (const set of answer.headers.getSetCookie()) {
        const [name, value] = set.split(";")[0].split("=");
        this.cookies.set(name, value);
      }
      const location = answer.headers.get("location");
      if (!location) {
        const text = await answer.text();
        assert.equal(answer.status, 200, text);
        return { address, text };
      }
      address = new URL(location, address).href;
      options = {};
      if (!address.startsWith(this.url)) return { address };
    }
  }

  send(page, fields) {
    const find = (pattern) => page.text.match(pattern)[1].replaceAll("&amp;", "&");
    const body = new URLSearchParams({ ...fields, flow: find(/name="flow" value="([^"]+)"/) });
    const action = new URL(find(/action="([^"]+)"/), page.address).href;
    return this.go(action, { method: "POST", body });
  }

  /** What the pages end with. */
  async signIn(address) {
    let page = await this.go(address);
    for (let step = 0; step < 6 && page.text; step++) {
      if (page.text.includes('id="name"')) {
        page = await this.send(page, { step: "name", name: this.user });
      } else if (page.text.includes('id="password"')) {
        page = await this.send(page, { step: "password", password: this.password });
      } else if (page.text.includes('value="accept"')) {
        page = await this.send(page, { step: "consent", decision: "accept" });
      } else {
        return page;
      }
    }
    return page;
  }

  /** Signs in for a device. */
  async enterCode(verificationUri, userCode) {
    let page = await this.signIn(verificationUri);
    page = await this.send(page, { step: "device", code: userCode });
    page = await this.send(page, { step: "consent", decision: "accept" });
    assert.ok(page.text.includes("You have signed in"), page.text);
  }
}

/** What a page with a form for the client would post there (`response_mode=form_post`). */
export function posted(page) {
  const fields = [...page.text.matchAll(/<input[^>]*>/g)].map(([input]) => {
    const of = (name) => input.match(new RegExp(`${name}="([^"]*)"`))?.[1].replaceAll("&amp;", "&");
    return [of("name"), of("value")];
  });
  const action = page.text.match(/action="([^"]+)"/)[1].replaceAll("&amp;", "&");
  const body = new URLSearchParams(fields.filter(([name]) => name));
  return new Request(action, { method: "POST", body });
}
