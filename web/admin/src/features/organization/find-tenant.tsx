/** Finds a tenant by a domain or its id, as an admin was told it; what was found is shown by name. */
import { Button, Field, Input, makeStyles } from '@fluentui/react-components';
import { asProblem } from '@isopolity/core';
import { Said } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { useState } from 'react';
import { TenantInformation } from '../../api/shapes';
import { graph } from '../../session';

export interface Found {
  tenantId: string;
  displayName: string;
  domain: string;
}

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const useStyles = makeStyles({
  row: { display: 'flex', gap: '8px' },
  input: { flexGrow: 1, minWidth: 0 },
});

export function FindTenant(props: {
  label: string;
  /** Why a tenant that was found can't be taken, if it can't. */
  refuse: (found: Found) => string | undefined;
  onFound: (found: Found) => void;
}) {
  const { t } = useTranslation();
  const styles = useStyles();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isLooking, setLooking] = useState(false);

  const look = async () => {
    const wanted = text.trim().replace(/^.*@/, '').toLowerCase();
    if (!wanted) return;
    setLooking(true);
    setProblem(undefined);
    const quoted = encodeURIComponent(wanted.replaceAll("'", "''"));
    const by = ID.test(wanted)
      ? `findTenantInformationByTenantId(tenantId='${quoted}')`
      : `findTenantInformationByDomainName(domainName='${quoted}')`;
    try {
      const answer = await graph.get(TenantInformation, `/v1.0/tenantRelationships/${by}`);
      const found: Found = {
        tenantId: answer.tenantId,
        displayName: answer.displayName ?? wanted,
        domain: answer.defaultDomainName ?? '',
      };
      const refused = props.refuse(found);
      if (refused) setProblem(refused);
      else {
        setText('');
        props.onFound(found);
      }
    } catch (thrown) {
      const what = asProblem(thrown);
      setProblem(what.kind === 'missing' ? t('find.nobody', { text: wanted }) : what.message);
    }
    setLooking(false);
  };

  return (
    <Field
      label={props.label}
      hint={t('find.hint')}
      {...(problem
        ? { validationMessage: <Said text={problem} />, validationState: 'error' as const }
        : {})}
    >
      {(field) => (
        <div className={styles.row}>
          <Input
            {...field}
            className={styles.input}
            value={text}
            placeholder="fabrikam.example"
            autoCapitalize="none"
            spellCheck={false}
            onChange={(_, { value }) => setText(value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              void look();
            }}
          />
          <Button disabled={!text.trim() || isLooking} onClick={() => void look()}>
            {t('find.look')}
          </Button>
        </div>
      )}
    </Field>
  );
}
