/** One tenant's access settings, part by part: the sentence, then the editor under it. */
import { Button, Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import type { Change } from '@isopolity/core';
import { Failure, GraphCall, SidePanel, useAct } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import type { AccessDefault, Partner } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { DEFAULT_PATH, inForce, isOwn, PARTNERS_PATH, PARTS, type Part } from './model';
import { PartEditor } from './part-editor';
import { useSentences } from './sentences';

const useStyles = makeStyles({
  part: { paddingBlock: '12px', borderBottom: `1px solid ${tokens.colorNeutralStroke3}` },
  title: {
    margin: 0,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightRegular,
    color: tokens.colorNeutralForeground2,
  },
  row: { display: 'flex', gap: '16px', alignItems: 'flex-start', justifyContent: 'space-between' },
  text: { margin: '2px 0 0' },
  note: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  flags: { display: 'grid', marginInlineStart: '-8px' },
});

export interface Scope {
  /** Undefined: the default. */
  partner: Partner | undefined;
  fallback: AccessDefault;
  name: string;
}

export const pathOf = ({ partner }: Scope): string =>
  partner ? `${PARTNERS_PATH}/${partner.tenantId}` : DEFAULT_PATH;

export function PartnerPanel(
  props: Scope & {
    part: Part | undefined;
    onPart: (part: Part | undefined) => void;
    onClose: () => void;
  },
) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { partner, fallback, name } = props;
  const { ownName } = useTenants();
  const sentences = useSentences();
  return (
    <SidePanel
      wide
      title={partner ? t('access.with', { tenant: name }) : t('access.default')}
      onClose={props.onClose}
    >
      {PARTS.map((part) => {
        const setting = inForce(partner, fallback, part);
        return (
          <section key={part} className={styles.part} aria-label={t(`access.part.${part}`)}>
            <div className={styles.row}>
              <div>
                <h3 className={styles.title}>{t(`access.part.${part}`)}</h3>
                <p className={styles.text}>
                  {sentences.part(part, setting, name, ownName)}{' '}
                  {partner && (
                    <span className={styles.note}>
                      {isOwn(partner, part) ? t('access.differs') : t('access.asDefault')}
                    </span>
                  )}
                </p>
              </div>
              {props.part !== part && (
                <Button size="small" onClick={() => props.onPart(part)}>
                  {t('ui.edit')}
                </Button>
              )}
            </div>
            {props.part === part && (
              <PartEditor
                partner={partner}
                fallback={fallback}
                name={name}
                part={part}
                onClose={() => props.onPart(undefined)}
              />
            )}
          </section>
        );
      })}
      <Flags partner={partner} fallback={fallback} name={name} />
    </SidePanel>
  );
}

const CONSENTS = ['inboundAllowed', 'outboundAllowed'] as const;
const TRUSTS = [
  'isMfaAccepted',
  'isCompliantDeviceAccepted',
  'isHybridAzureADJoinedDeviceAccepted',
] as const;

function Flags(scope: Scope) {
  const { t } = useTranslation();
  const styles = useStyles();
  const { partner, fallback, name } = scope;
  const { run, isRunning, problem } = useAct({ inPlace: true });
  const [last, setLast] = useState<Change>();
  const set = (group: string, key: string, value: boolean) => {
    const body = (to: boolean) => ({ [group]: { [key]: to } });
    const change: Change = { method: 'PATCH', path: pathOf(scope), body: body(value) };
    setLast(change);
    void run({
      change,
      undo: { ...change, body: body(!value) },
      done: t('access.saved', { tenant: name }),
      optimistic: [
        {
          key: ['access', partner ? 'partners' : 'default'],
          update: (before: Partner[] | AccessDefault) => {
            const changed = <E extends object>(entry: E): E => ({
              ...entry,
              [group]: { ...(entry as Record<string, object>)[group], [key]: value },
            });
            return Array.isArray(before)
              ? before.map((each) => (each.tenantId === partner?.tenantId ? changed(each) : each))
              : changed(before);
          },
        },
      ],
      refresh: [['access'], ['readiness'], ['explain']],
    });
  };
  const consent = (key: (typeof CONSENTS)[number]) =>
    partner?.automaticUserConsentSettings?.[key] ?? fallback.automaticUserConsentSettings?.[key];
  const trust = (key: (typeof TRUSTS)[number]) =>
    partner?.inboundTrust?.[key] ?? fallback.inboundTrust?.[key];
  return (
    <>
      <section className={styles.part} aria-label={t('access.redemption')}>
        <h3 className={styles.title}>{t('access.redemption')}</h3>
        <div className={styles.flags}>
          {CONSENTS.map((key) => (
            <Checkbox
              key={key}
              label={t(`access.flag.${key}`, { tenant: name })}
              checked={consent(key) ?? false}
              disabled={isRunning}
              onChange={(_, { checked }) =>
                set('automaticUserConsentSettings', key, checked === true)
              }
            />
          ))}
        </div>
      </section>
      <section className={styles.part} aria-label={t('access.trust')}>
        <h3 className={styles.title}>{t('access.trust')}</h3>
        <div className={styles.flags}>
          {TRUSTS.map((key) => (
            <Checkbox
              key={key}
              label={t(`access.flag.${key}`, { tenant: name })}
              checked={trust(key) ?? false}
              disabled={isRunning}
              onChange={(_, { checked }) => set('inboundTrust', key, checked === true)}
            />
          ))}
        </div>
      </section>
      {problem && <Failure problem={problem} isChange />}
      {last && <GraphCall change={last} />}
    </>
  );
}
