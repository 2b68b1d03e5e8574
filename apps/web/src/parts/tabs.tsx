import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';

interface Props<T extends string> {
  label: string;
  tabs: Readonly<Record<T, string>>;
  chosen: T;
  onChoose: (tab: T) => void;
  children: ComponentChildren;
}

/** Tabs after the ARIA pattern: arrows move among them, Tab goes on to the panel. */
export function Tabs<T extends string>({ label, tabs, chosen, onChoose, children }: Props<T>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const names = Object.keys(tabs) as T[];
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    const next = (names.indexOf(chosen) + by + names.length) % names.length;
    onChoose(names[next]!);
    (list.current?.children[next] as HTMLElement).focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {names.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={name === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => onChoose(name)}
          >
            {tabs[name]}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`}>
        {children}
      </div>
    </div>
  );
}
