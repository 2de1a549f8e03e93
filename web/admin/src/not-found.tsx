/** An address that there isn't. */
import { Empty, PageHead } from '@isopolity/ui';
import { Link } from '@isopolity/ui/router';
import { useTranslation } from '@isopolity/ui/translation';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('notFound.title')} />
      <Empty text={t('notFound.text')} action={<Link to="/">{t('notFound.home')}</Link>} />
    </>
  );
}
