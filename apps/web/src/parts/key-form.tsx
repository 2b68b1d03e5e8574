import { useState } from 'preact/hooks';
import { takeKey } from '../api/key.js';
import { useTitle } from '../hooks/use-route.js';
import { Field } from './field.js';

/** Shown in place of a page where the service wants to know who asks. */
export function KeyForm({ refused }: { refused: boolean }) {
  const [key, setKey] = useState('');
  useTitle('API key');
  return (
    <form
      class="card key-form"
      aria-label="API key"
      onSubmit={(event) => {
        event.preventDefault();
        if (key.trim() !== '') takeKey(key.trim());
      }}
    >
      <h1>API key</h1>
      <p class="muted">This service needs a key. It is kept in this tab only, and forgotten when the tab is closed.</p>
      <Field
        label="API key"
        type="password"
        value={key}
        onValue={setKey}
        errors={refused ? ['The service refused this key: it is mistyped, or revoked.'] : []}
        autocomplete="off"
      />
      <button type="submit" class="primary">
        Use this key
      </button>
    </form>
  );
}
