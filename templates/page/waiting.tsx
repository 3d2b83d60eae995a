import { useEffect, useState } from 'preact/hooks';

/** How long there has been no word yet, and which step is at work. Not "thinking": that is what models call reasoning. */
export function Waiting({ since, step }: { readonly since: string; readonly step: string | undefined }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now - Date.parse(since)) / 1000);
  return (
    <>
      <span class="working">Working...</span>
      <span class="quiet">
        {step !== undefined && ` step ${step}`}
        {step !== undefined && seconds > 0 && ','}
        {seconds > 0 && ` ${seconds} s`}
      </span>
    </>
  );
}
