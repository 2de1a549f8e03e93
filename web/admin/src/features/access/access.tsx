/** Access settings: what each tenant's people may do, as sentences, both directions. */
import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { AddRegular, QuestionCircleRegular } from '@fluentui/react-icons';
import { asProblem } from '@isopolity/core';
import { Failure, Lines, PageHead, Section, useAddress } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useQuery } from '@tanstack/react-query';
import { accessDefault, partners } from '../../api/queries';
import type { Partner } from '../../api/shapes';
import { useTenants } from '../../tenants';
import { AddPartner } from './add-partner';
import { inForce, isOwn, PARTS, type Settings } from './model';
import { PartnerPanel } from './partner-panel';
import { useSentences } from './sentences';
import { WhatIf } from './what-if';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0 },
  entry: {
    display: 'grid',
    gridTemplateColumns: 'minmax(120px, 180px) minmax(0, 1fr) auto',
    gap: '4px 24px',
    alignItems: 'start',
    paddingBlock: '16px',
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    '@media (max-width: 640px)': { gridTemplateColumns: 'minmax(0, 1fr) auto' },
  },
  name: { fontWeight: tokens.fontWeightSemibold, margin: 0, fontSize: 'inherit' },
  words: {
    margin: 0,
    padding: 0,
    listStyleType: 'none',
    display: 'grid',
    gap: '6px',
    '@media (max-width: 640px)': { gridColumn: '1 / -1', gridRow: 2 },
  },
  differs: {
    borderLeft: `3px solid ${tokens.colorBrandForeground1}`,
    paddingInlineStart: '9px',
    marginInlineStart: '-12px',
  },
  extra: { color: tokens.colorNeutralForeground2 },
  note: {
    whiteSpace: 'nowrap',
    color: tokens.colorNeutralForeground3,
    fontSize: tokens.fontSizeBase200,
  },
});

/** Collaboration is what people mean; direct connect is said where it isn't as by default. */
const USUAL = PARTS.filter((part) => part.startsWith('b2bCollaboration'));
const DIRECT = PARTS.filter((part) => part.startsWith('b2bDirect'));

export function Access() {
  const { t } = useTranslation();
  const styles = useStyles();
  const [address, change] = useAddress();
  const fallback = useQuery(accessDefault);
  const listed = useQuery(partners);
  const tenants = useTenants(listed.data?.map(({ tenantId }) => tenantId));
  const sentences = useSentences();
  const opened = listed.data?.find(({ tenantId }) => tenantId === address.tenant);
  const open = (tenant: string) => change({ tenant, panel: undefined, part: undefined }, true);
  const close = () => change({ tenant: undefined, panel: undefined, part: undefined }, true);
  const error = fallback.error ?? listed.error;

  const words = (entry: Settings | undefined, partner: string) => {
    if (!fallback.data) return null;
    const usual = fallback.data;
    return [...USUAL, ...DIRECT.filter((part) => (entry ? isOwn(entry, part) : true))].map(
      (part) => {
        const sentence = (settings: Settings | undefined) =>
          sentences.part(part, inForce(settings, usual, part), partner, tenants.ownName);
        // An entry may say of its own what the default says.
        const differs = isOwn(entry, part) && sentence(entry) !== sentence(undefined);
        return (
          <li key={part} className={differs ? styles.differs : undefined}>
            {sentence(entry)}
            {differs && <span className={styles.note}> {t('access.differs')}</span>}
          </li>
        );
      },
    );
  };
  const entry = (key: string, name: string, partner: Partner | undefined) => (
    <li key={key} className={styles.entry}>
      <h3 className={styles.name}>{name}</h3>
      <ul className={styles.words}>
        {words(partner, partner ? name : t('access.anyTenant'))}
        {fallback.data &&
          sentences
            .extras(partner, fallback.data, partner ? name : t('access.anyTenant'))
            .map(({ text, differs }) => (
              <li key={text} className={mergeClasses(styles.extra, differs && styles.differs)}>
                {text} {differs && <span className={styles.note}>{t('access.differs')}</span>}
              </li>
            ))}
      </ul>
      <Button size="small" onClick={() => open(key)}>
        {t('ui.edit')}
      </Button>
    </li>
  );
  const sorted = [...(listed.data ?? [])].sort((left, right) =>
    tenants.name(left.tenantId).localeCompare(tenants.name(right.tenantId)),
  );

  return (
    <>
      <PageHead
        title={t('nav.access')}
        sentence={t('access.sentence')}
        actions={
          <>
            <Button
              icon={<QuestionCircleRegular />}
              onClick={() => change({ panel: 'what-if', tenant: undefined }, true)}
            >
              {t('whatIf.title')}
            </Button>
            <Button
              appearance="primary"
              icon={<AddRegular />}
              onClick={() => change({ panel: 'add', tenant: undefined }, true)}
            >
              {t('access.add')}
            </Button>
          </>
        }
      />
      {error && (
        <Failure
          problem={asProblem(error)}
          onRetry={() => {
            void fallback.refetch();
            void listed.refetch();
          }}
        />
      )}
      {!error && !(fallback.data && listed.data) && <Lines count={6} height={24} />}
      {fallback.data && listed.data && (
        <>
          <Section title={t('access.default')}>
            <ul className={styles.list}>{entry('default', t('access.allOthers'), undefined)}</ul>
          </Section>
          <Section title={t('access.partners')}>
            <ul className={styles.list}>
              {sorted.map((partner) =>
                entry(partner.tenantId, tenants.name(partner.tenantId), partner),
              )}
            </ul>
            {!sorted.length && <p>{t('access.noPartners')}</p>}
          </Section>
        </>
      )}
      {fallback.data && (opened || address.tenant === 'default') && (
        <PartnerPanel
          key={address.tenant}
          partner={opened}
          fallback={fallback.data}
          name={opened ? tenants.name(opened.tenantId) : t('access.anyTenant')}
          part={PARTS.find((part) => part === address.part)}
          onPart={(part) => change({ part }, true)}
          onClose={close}
        />
      )}
      {address.panel === 'what-if' && <WhatIf onClose={close} />}
      {address.panel === 'add' && (
        <AddPartner
          known={listed.data?.map(({ tenantId }) => tenantId) ?? []}
          onAdded={open}
          onClose={close}
        />
      )}
    </>
  );
}
