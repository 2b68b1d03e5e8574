import { useState } from 'preact/hooks';

/** JSON that can be copied. */
export function JsonBlock({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div class="json-block">
      <CopyButton text={text} label={label} />
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </div>
  );
}

/** The clipboard of the browser exists over https and on localhost only; elsewhere it says that it could not. */
function CopyButton({ text, label }: { text: string; label: string }) {
  const [told, setTold] = useState<string | null>(null);
  const copy = async () => {
    const done = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setTold(done ? 'Copied' : 'Not allowed here');
    setTimeout(() => setTold(null), 2000);
  };
  return (
    <button type="button" class="small" aria-label={`Copy ${label}`} onClick={() => void copy()}>
      <span role="status">{told ?? 'Copy'}</span>
    </button>
  );
}
