/** How a person signs in: methods, and the calls that change them. */
import type { Change } from '@isopolity/core';
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { graph } from '../../session';

/** The id of everybody's password (Microsoft Graph). */
const PASSWORD = '28c10230-6103-485e-b985-444c60001490';

const text = v.nullish(v.string());

/** The kinds that there are, each with the segment of its address. */
const SEGMENTS = {
  password: 'passwordMethods',
  fido2: 'fido2Methods',
  softwareOath: 'softwareOathMethods',
  temporaryAccessPass: 'temporaryAccessPassMethods',
} as const;
export type MethodKind = keyof typeof SEGMENTS;

const Method = v.object({
  '@odata.type': v.string(),
  id: v.string(),
  displayName: text,
  createdDateTime: text,
  startDateTime: text,
  lifetimeInMinutes: v.nullish(v.number()),
  isUsableOnce: v.nullish(v.boolean()),
  methodUsabilityReason: text,
});
export type Method = v.InferOutput<typeof Method>;

export const kindOf = (method: Method): MethodKind | undefined => {
  const kind = /#microsoft\.graph\.(\w+)AuthenticationMethod$/.exec(method['@odata.type'])?.[1];
  return kind && kind in SEGMENTS ? (kind as MethodKind) : undefined;
};

const of = (user: string) => `/v1.0/users/${user}/authentication`;

export const methodsOf = (user: string) =>
  queryOptions({
    queryKey: ['people', user, 'methods'],
    queryFn: ({ signal }) => graph.all(Method, `${of(user)}/methods`, { signal }),
  });

export const removing = (user: string, kind: MethodKind, id: string): Change => ({
  method: 'DELETE',
  path: `${of(user)}/${SEGMENTS[kind]}/${id}`,
});

export const givingPass = (user: string, minutes: number, isUsableOnce: boolean): Change => ({
  method: 'POST',
  path: `${of(user)}/${SEGMENTS.temporaryAccessPass}`,
  body: { lifetimeInMinutes: minutes, isUsableOnce },
});
export const NewPass = v.object({ temporaryAccessPass: v.string() });

/** Without a password the server makes one. */
export const resetting = (user: string, password: string, mustChange: boolean): Change => ({
  method: 'POST',
  path: `/beta/users/${user}/authentication/passwordMethods/${PASSWORD}/resetPassword`,
  body: {
    ...(password ? { newPassword: password } : {}),
    requireChangeOnNextSignIn: mustChange,
  },
});
export const NewPassword = v.object({ newPassword: v.string() });

export const endingSessions = (user: string): Change => ({
  method: 'POST',
  path: `/v1.0/users/${user}/revokeSignInSessions`,
});

const PassPolicy = v.object({
  state: v.string(),
  defaultLifetimeInMinutes: v.number(),
  maximumLifetimeInMinutes: v.number(),
  minimumLifetimeInMinutes: v.number(),
  isUsableOnce: v.boolean(),
});

export const passPolicy = queryOptions({
  queryKey: ['sign-in-methods', 'TemporaryAccessPass'],
  queryFn: ({ signal }) =>
    graph.get(
      PassPolicy,
      '/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass',
      { signal },
    ),
});
