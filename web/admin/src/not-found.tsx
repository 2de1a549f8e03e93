/** An address that there isn't. */
import { Empty, PageHead } from '@isopolity/ui';
import { useTranslation } from '@isopolity/ui/translation';
import { Link } from '@tanstack/react-router';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('notFound.title')} />
      <Empty text={t('notFound.text')} action={<Link to="/">{t('notFound.home')}</Link>} />
    </>
  );
}
