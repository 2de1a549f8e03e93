/** A rule over people: conditions to pick, or the `$filter` expression itself. */
import {
  Button,
  Checkbox,
  Dropdown,
  Field,
  Input,
  makeStyles,
  Option,
  Textarea,
  tokens,
} from '@fluentui/react-components';
import { AddRegular, DismissRegular } from '@fluentui/react-icons';
import { literal } from '@isopolity/core';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';

const ATTRIBUTES = [
  'department',
  'jobTitle',
  'city',
  'country',
  'companyName',
  'officeLocation',
  'usageLocation',
  'mail',
] as const;
type Attribute = (typeof ATTRIBUTES)[number];
const OPERATORS = ['eq', 'ne', 'startsWith'] as const;
type Operator = (typeof OPERATORS)[number];

interface Condition {
  attribute: Attribute;
  operator: Operator;
  value: string;
}

const written = ({ attribute, operator, value }: Condition): string =>
  operator === 'startsWith'
    ? `startsWith(${attribute},${literal(value)})`
    : `${attribute} ${operator} ${literal(value)}`;

const TEXT = "'((?:[^']|'')*)'";
const COMPARED = new RegExp(`^(\\w+) (eq|ne) ${TEXT}$`);
const BEGINS = new RegExp(`^startsWith\\((\\w+), ?${TEXT}\\)$`, 'i');

/** The conditions of a rule, if it is one that could have been picked. */
export function readRule(rule: string): { conditions: Condition[]; any: boolean } | undefined {
  if (!rule) return { conditions: [], any: false };
  const parts = rule.split(/ (and|or) (?=(?:[^']|'[^']*')*$)/);
  const joins = new Set(parts.filter((_, at) => at % 2));
  if (joins.size > 1) return undefined;
  const conditions: Condition[] = [];
  for (const part of parts.filter((_, at) => at % 2 === 0)) {
    const compared = COMPARED.exec(part);
    const begins = BEGINS.exec(part);
    const attribute = ATTRIBUTES.find((each) => each === (compared?.[1] ?? begins?.[1]));
    const value = (compared?.[3] ?? begins?.[2])?.replaceAll("''", "'");
    if (!attribute || value === undefined) return undefined;
    conditions.push({
      attribute,
      operator: begins ? 'startsWith' : (compared?.[2] as Operator),
      value,
    });
  }
  return { conditions, any: joins.has('or') };
}

export const writeRule = (conditions: Condition[], any: boolean): string =>
  conditions
    .filter(({ value }) => value)
    .map(written)
    .join(any ? ' or ' : ' and ');

const useStyles = makeStyles({
  box: { display: 'grid', gap: '8px' },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 0.9fr) minmax(0, 1.2fr) auto',
    gap: '8px',
    '@media (max-width: 640px)': { gridTemplateColumns: '1fr 1fr' },
  },
  select: { minWidth: 0 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center' },
  code: { fontFamily: tokens.fontFamilyMonospace },
});

export function RuleEditor({ rule, onChange }: { rule: string; onChange: (rule: string) => void }) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [picked, setPicked] = useState(() => readRule(rule));
  const put = (conditions: Condition[], any: boolean) => {
    setPicked({ conditions, any });
    onChange(writeRule(conditions, any));
  };

  if (!picked) {
    return (
      <Field label={t('rule.expression')} hint={t('rule.expressionHint')}>
        <Textarea
          className={styles.code}
          value={rule}
          dir="ltr"
          spellCheck={false}
          onChange={(_, { value }) => onChange(value)}
        />
      </Field>
    );
  }
  const { conditions, any } = picked;
  const change = (at: number, changes: Partial<Condition>) =>
    put(
      conditions.map((each, index) => (index === at ? { ...each, ...changes } : each)),
      any,
    );
  return (
    <Field label={t('rule.title')} hint={t('rule.hint')}>
      <div className={styles.box} role="group" aria-label={t('rule.title')}>
        {conditions.map((condition, at) => (
          <div className={styles.row} key={at}>
            <Dropdown
              clearButton={null}
              className={styles.select}
              aria-label={t('rule.attribute')}
              value={t(`attribute.${condition.attribute}`)}
              selectedOptions={[condition.attribute]}
              onOptionSelect={(_, { optionValue }) =>
                change(at, { attribute: optionValue as Attribute })
              }
            >
              {ATTRIBUTES.map((attribute) => (
                <Option key={attribute} value={attribute}>
                  {t(`attribute.${attribute}`)}
                </Option>
              ))}
            </Dropdown>
            <Dropdown
              clearButton={null}
              className={styles.select}
              aria-label={t('rule.operator')}
              value={t(`operator.${condition.operator}`)}
              selectedOptions={[condition.operator]}
              onOptionSelect={(_, { optionValue }) =>
                change(at, { operator: optionValue as Operator })
              }
            >
              {OPERATORS.map((operator) => (
                <Option key={operator} value={operator}>
                  {t(`operator.${operator}`)}
                </Option>
              ))}
            </Dropdown>
            <Input
              className={styles.select}
              aria-label={t('rule.value')}
              value={condition.value}
              onChange={(_, { value }) => change(at, { value })}
            />
            <Button
              appearance="subtle"
              icon={<DismissRegular />}
              aria-label={t('rule.remove')}
              onClick={() =>
                put(
                  conditions.filter((_, index) => index !== at),
                  any,
                )
              }
            />
          </div>
        ))}
        <div className={styles.actions}>
          <Button
            size="small"
            icon={<AddRegular />}
            onClick={() =>
              put([...conditions, { attribute: 'department', operator: 'eq', value: '' }], any)
            }
          >
            {t('rule.add')}
          </Button>
          {conditions.length > 1 && (
            <Checkbox
              label={t('rule.any')}
              checked={any}
              onChange={(_, { checked }) => put(conditions, checked === true)}
            />
          )}
          <Button size="small" appearance="subtle" onClick={() => setPicked(undefined)}>
            {t('rule.write')}
          </Button>
        </div>
      </div>
    </Field>
  );
}
