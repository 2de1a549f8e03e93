/** How people become people of another tenant: Graph's `synchronizationSchema`, as far as it is edited. */
import { queryOptions } from '@tanstack/react-query';
import * as v from 'valibot';
import { graph } from '../../session';

const text = v.nullish(v.string());

const Clause = v.looseObject({
  sourceOperandName: v.string(),
  operatorName: v.string(),
  targetOperand: v.nullish(v.looseObject({ values: v.array(v.string()) })),
});
export type Clause = v.InferOutput<typeof Clause>;
const FilterGroup = v.looseObject({ name: text, clauses: v.array(Clause) });
export type FilterGroup = v.InferOutput<typeof FilterGroup>;

const AttributeMapping = v.looseObject({
  targetAttributeName: v.string(),
  defaultValue: text,
  flowType: v.string(),
  flowBehavior: v.nullish(v.string()),
  matchingPriority: v.nullish(v.number()),
  source: v.nullish(v.looseObject({ expression: text, name: text, type: text })),
});
export type AttributeMapping = v.InferOutput<typeof AttributeMapping>;

const ObjectMapping = v.looseObject({
  enabled: v.boolean(),
  sourceObjectName: v.string(),
  targetObjectName: v.string(),
  scope: v.nullish(v.looseObject({ groups: v.nullish(v.array(FilterGroup)) })),
  attributeMappings: v.array(AttributeMapping),
});
export type ObjectMapping = v.InferOutput<typeof ObjectMapping>;

const Schema = v.looseObject({
  source: v.picklist(['own', 'default']),
  synchronizationRules: v.array(
    v.looseObject({
      id: v.string(),
      sourceDirectoryName: v.string(),
      targetDirectoryName: v.string(),
      objectMappings: v.array(ObjectMapping),
    }),
  ),
  directories: v.array(
    v.looseObject({
      name: v.string(),
      objects: v.array(
        v.looseObject({
          name: v.string(),
          attributes: v.array(v.looseObject({ name: v.string(), type: text })),
        }),
      ),
    }),
  ),
});
export type Schema = v.InferOutput<typeof Schema>;

const Wrong = v.nullish(v.object({ code: v.string(), message: v.string() }));
export const Tried = v.object({
  userId: v.string(),
  isEligible: v.boolean(),
  isEnabled: v.boolean(),
  standing: v.picklist(['inScope', 'outOfScope', 'notProcessed']),
  groups: v.array(
    v.object({
      holds: v.boolean(),
      clauses: v.array(v.object({ values: v.array(v.string()), holds: v.boolean() })),
    }),
  ),
  attributes: v.array(
    v.object({
      targetAttributeName: v.string(),
      flows: v.boolean(),
      values: v.array(v.string()),
      error: Wrong,
    }),
  ),
});
export type Tried = v.InferOutput<typeof Tried>;

export const Account = v.object({
  provisioningSteps: v.array(
    v.object({
      name: v.string(),
      type: v.string(),
      status: v.string(),
      description: text,
      details: v.nullish(v.record(v.string(), v.unknown())),
    }),
  ),
  modifiedProperties: v.array(v.object({ displayName: text, oldValue: text, newValue: text })),
  action: v.string(),
  statusInfo: v.object({ status: v.string(), errorCode: text, reason: text }),
  targetIdentity: v.nullish(v.object({ id: text })),
});
export type Account = v.InferOutput<typeof Account>;

export const pairPath = (tenant: string): string => `/beta/isopolity/userSharing/tenants/${tenant}`;

export const schemaQuery = (tenant: string) =>
  queryOptions({
    queryKey: ['sharing', 'schema', tenant],
    queryFn: ({ signal }) => graph.get(Schema, `${pairPath(tenant)}/schema`, { signal }),
  });

export const FLOW_TYPES = [
  'Always',
  'ObjectAddOnly',
  'ValueAddOnly',
  'AttributeAddOnly',
  'MultiValueAddOnly',
] as const;

export const OPERATORS = [
  'EQUALS',
  'NOT EQUALS',
  'INCLUDES',
  'ENDS_WITH',
  'REGEX MATCH',
  'NOT REGEX MATCH',
  'IS NULL',
  'IS NOT NULL',
  'IS TRUE',
  'IS FALSE',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUALS',
  '&',
  '!&',
] as const;
export type Operator = (typeof OPERATORS)[number];

/** The name of an operator's message. */
export const operatorKey = (operator: string) => {
  const keys = {
    EQUALS: 'equals',
    'NOT EQUALS': 'notEquals',
    INCLUDES: 'includes',
    ENDS_WITH: 'endsWith',
    'REGEX MATCH': 'matches',
    'NOT REGEX MATCH': 'notMatches',
    'IS NULL': 'isNull',
    'IS NOT NULL': 'isNotNull',
    'IS TRUE': 'isTrue',
    'IS FALSE': 'isFalse',
    GREATER_THAN: 'greater',
    GREATER_THAN_OR_EQUALS: 'greaterOrEqual',
    '&': 'isIn',
    '!&': 'isNotIn',
  } as const;
  return keys[operator as Operator] ?? 'equals';
};

export const comparesWithNothing = (operator: string): boolean => operator.startsWith('IS ');

/** These decide how people are found again and whether they come at all: they stay mapped. */
export const FIXED = [
  'alternativeSecurityIds',
  'IsSoftDeleted',
  'displayName',
  'userPrincipalName',
  'accountEnabled',
];

const isUsers = (mapping: ObjectMapping) => mapping.sourceObjectName.toLowerCase() === 'user';

export const usersOf = (schema: Schema): ObjectMapping | undefined =>
  schema.synchronizationRules[0]?.objectMappings.find(isUsers);

/** The same schema with another mapping of people. */
export const withUsers = (schema: Schema, changes: Partial<ObjectMapping>): Schema => ({
  ...schema,
  synchronizationRules: schema.synchronizationRules.map((rule, at) =>
    at
      ? rule
      : {
          ...rule,
          objectMappings: rule.objectMappings.map((mapping) =>
            isUsers(mapping) ? { ...mapping, ...changes } : mapping,
          ),
        },
  ),
});

/** The attributes of people on one side. */
export function attributesOf(schema: Schema, side: 'source' | 'target'): string[] {
  const [rule] = schema.synchronizationRules;
  const mapping = usersOf(schema);
  const directory = side === 'source' ? rule?.sourceDirectoryName : rule?.targetDirectoryName;
  const object = side === 'source' ? mapping?.sourceObjectName : mapping?.targetObjectName;
  const found = schema.directories
    .find(({ name }) => name === directory)
    ?.objects.find(({ name }) => name === object);
  return (found?.attributes ?? []).map(({ name }) => name).sort();
}

/** Groups without what isn't filled in yet: what is sent. */
export const filledGroups = (groups: FilterGroup[]): FilterGroup[] =>
  groups
    .map((group) => ({
      ...group,
      clauses: group.clauses.filter(
        ({ operatorName, targetOperand }) =>
          comparesWithNothing(operatorName) || targetOperand?.values.some(Boolean),
      ),
    }))
    .filter(({ clauses }) => clauses.length);

/** What stands in the place of an expression: Graph reads the text, and the parts by themselves. */
export const sourceOf = (expression: string) =>
  expression.trim() ? { expression: expression.trim() } : null;
