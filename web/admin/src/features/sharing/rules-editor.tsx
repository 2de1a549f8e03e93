/** Edits the rules by which people come in, for all tenants or for one. */
import {
  Button,
  Checkbox,
  Field,
  Input,
  makeStyles,
  Radio,
  RadioGroup,
  Textarea,
} from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import type { Admission, AdmissionTenant } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { useRuleWords } from './rule-words';

/** Attributes that home may keep from being taken; those that matter to a reader first. */
const DENIABLE = [
  'mail',
  'manager',
  'jobTitle',
  'department',
  'companyName',
  'employeeId',
  'mobilePhone',
  'businessPhones',
  'officeLocation',
  'streetAddress',
  'city',
  'state',
  'postalCode',
  'country',
] as const;

const useStyles = makeStyles({
  form: { display: 'grid', gap: '16px' },
  checks: { display: 'grid', gridTemplateColumns: '1fr 1fr' },
  text: { margin: 0 },
});

const same = (left: unknown, right: unknown) => JSON.stringify(left) === JSON.stringify(right);
const asNumber = (text: string): number | null => (text.trim() === '' ? null : Number(text));
const isCount = (text: string) => text.trim() === '' || /^\d{1,9}$/.test(text.trim());

export function RulesEditor(props: {
  tenant: AdmissionTenant | undefined;
  rules: Admission;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { tenant, rules, onClose } = props;
  const { name } = useTenants();
  const words = useRuleWords();
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [maxUsers, setMaxUsers] = useState(rules.maxUsers?.toString() ?? '');
  const [domains, setDomains] = useState(rules.allowedMailDomains?.join('\n') ?? '');
  const [type, setType] = useState(rules.maxUserType);
  const [hold, setHold] = useState(rules.holdFirst ? String(rules.holdFirst) : '');
  const [suffix, setSuffix] = useState(rules.displayNameSuffix ?? '');
  const [deny, setDeny] = useState(rules.attributes.deny);

  const listed = domains.split(/[\s,;]+/).filter(Boolean);
  const edited: Admission = {
    maxUsers: asNumber(maxUsers),
    allowedMailDomains: listed.length ? listed : null,
    maxUserType: type,
    holdFirst: asNumber(hold) ?? 0,
    displayNameSuffix: suffix || null,
    attributes: { ...rules.attributes, deny },
  };
  // Only what was changed is sent, so that the rest goes on following the default.
  const body: Record<string, unknown> = {};
  for (const key of [
    'maxUsers',
    'allowedMailDomains',
    'maxUserType',
    'holdFirst',
    'displayNameSuffix',
  ] as const) {
    if (!same(edited[key] ?? null, rules[key] ?? null)) body[key] = edited[key];
  }
  if (!same(deny, rules.attributes.deny)) body.attributes = { deny };
  const before: Record<string, unknown> = {};
  for (const key of Object.keys(body)) {
    before[key] =
      key === 'attributes' ? { deny: rules.attributes.deny } : (rules[key as 'maxUsers'] ?? null);
  }
  const path = tenant
    ? `/beta/isopolity/admission/tenants/${tenant.tenantId}`
    : '/beta/isopolity/admission/default';
  const change: Change = { method: 'PATCH', path, body };
  const isSound = isCount(maxUsers) && isCount(hold);
  const partner = tenant && name(tenant.tenantId);
  const wrong = (text: string) =>
    isCount(text)
      ? {}
      : { validationMessage: t('rules.number'), validationState: 'error' as const };

  return (
    <SidePanel
      wide
      title={partner ? t('admission.editOf', { tenant: partner }) : t('admission.editDefault')}
      onClose={onClose}
      foot={
        <>
          <Button
            appearance="primary"
            disabled={isRunning || !isSound || !Object.keys(body).length}
            onClick={() =>
              void run({
                change,
                undo: { method: 'PATCH', path, body: before },
                done: t('admission.saved'),
                refresh: [['admission']],
                after: onClose,
              })
            }
          >
            {t('admission.save')}
          </Button>
          {tenant?.source === 'own' && (
            <Button
              disabled={isRunning}
              onClick={() =>
                void run({
                  change: { method: 'DELETE', path },
                  done: t('admission.backToDefault', { tenant: partner ?? '' }),
                  refresh: [['admission']],
                  after: onClose,
                })
              }
            >
              {t('share.useDefault')}
            </Button>
          )}
          <Button onClick={onClose}>{t('ui.cancel')}</Button>
        </>
      }
    >
      <div className={styles.form}>
        <p className={styles.text} aria-live="polite">
          {words(edited)}
        </p>
        <Field label={t('rules.maxUsersLabel')} hint={t('rules.maxUsersHint')} {...wrong(maxUsers)}>
          <Input
            inputMode="numeric"
            value={maxUsers}
            onChange={(_, { value }) => setMaxUsers(value)}
          />
        </Field>
        <Field label={t('rules.holdLabel')} hint={t('rules.holdHint')} {...wrong(hold)}>
          <Input inputMode="numeric" value={hold} onChange={(_, { value }) => setHold(value)} />
        </Field>
        <Field label={t('rules.domainsLabel')} hint={t('rules.domainsHint')}>
          <Textarea
            value={domains}
            dir="ltr"
            spellCheck={false}
            onChange={(_, { value }) => setDomains(value)}
          />
        </Field>
        <Field label={t('rules.typeLabel')}>
          <RadioGroup
            value={type}
            onChange={(_, { value }) => setType(value as Admission['maxUserType'])}
          >
            <Radio value="member" label={t('rules.member')} />
            <Radio value="guest" label={t('rules.guest')} />
          </RadioGroup>
        </Field>
        <Field label={t('rules.suffixLabel')} hint={t('rules.suffixHint')}>
          <Input value={suffix} maxLength={64} onChange={(_, { value }) => setSuffix(value)} />
        </Field>
        <Field label={t('rules.denyLabel')} hint={t('rules.denyHint')}>
          <div className={styles.checks} role="group" aria-label={t('rules.denyLabel')}>
            {DENIABLE.map((attribute) => (
              <Checkbox
                key={attribute}
                label={t(`attribute.${attribute}`)}
                checked={deny.includes(attribute)}
                onChange={(_, { checked }) =>
                  setDeny(
                    checked ? [...deny, attribute] : deny.filter((each) => each !== attribute),
                  )
                }
              />
            ))}
          </div>
        </Field>
        {problem && <Failure problem={problem} isChange />}
        <GraphCall change={change} />
      </div>
    </SidePanel>
  );
}
