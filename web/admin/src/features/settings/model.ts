/** A tenant's domains, and how its people sign in. */
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { graph } from '../../session';

const text = v.nullish(v.string());

const Domain = v.object({
  id: v.string(),
  isDefault: v.nullish(v.boolean()),
  isInitial: v.nullish(v.boolean()),
  isVerified: v.nullish(v.boolean()),
});
export type Domain = v.InferOutput<typeof Domain>;

const DnsRecord = v.object({
  recordType: text,
  label: text,
  text: text,
  ttl: v.nullish(v.number()),
});

export const MULTIFACTOR = ['nobody', 'administrators', 'all'] as const;
const SignInPolicy = v.object({
  multifactorAuthentication: v.picklist(MULTIFACTOR),
  persistentSessionsAllowed: v.nullish(v.boolean()),
  sessionIdleMinutes: v.nullish(v.number()),
  persistentSessionDays: v.nullish(v.number()),
});
export type SignInPolicy = v.InferOutput<typeof SignInPolicy>;

const Method = v.object({ id: v.string(), state: v.picklist(['enabled', 'disabled']) });
export type Method = v.InferOutput<typeof Method>;
const METHODS = '/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations';

export const domains = queryOptions({
  queryKey: ['domains'],
  queryFn: ({ signal }) => graph.all(Domain, '/v1.0/domains', { signal }),
});

/** What the domain's owner has to publish, so that it is known to be the tenant's. */
export const records = (domain: string) =>
  queryOptions({
    queryKey: ['domains', domain, 'records'],
    queryFn: ({ signal }) =>
      graph.all(DnsRecord, `${pathOf(domain)}/verificationDnsRecords`, { signal }),
  });

export const pathOf = (domain: string) => `/v1.0/domains/${encodeURIComponent(domain)}`;

export const POLICY = '/beta/isopolity/signInPolicy';
export const signInPolicy = queryOptions({
  queryKey: ['sign-in-policy'],
  queryFn: ({ signal }) => graph.get(SignInPolicy, POLICY, { signal }),
});

export const methods = queryOptions({
  queryKey: ['sign-in-methods'],
  queryFn: ({ signal }) => graph.all(Method, METHODS, { signal }),
});
export const methodPath = (id: string) => `${METHODS}/${id}`;
