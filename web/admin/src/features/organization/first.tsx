/** The way to an organization, for a tenant that is in none. */
import { Button } from '@fluentui/react-components';
import { Empty, Section } from '@isopolity/ui';
import { useNavigate } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';

export function FirstOrganization() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Section title={t('org.first')}>
      <Empty
        text={t('org.teach')}
        example={t('org.example')}
        action={
          <Button appearance="primary" onClick={() => navigate({ to: '/organization/create' })}>
            {t('org.create')}
          </Button>
        }
      />
    </Section>
  );
}
