import { useEffect, useState } from "react";

/**
 * What a person chose, shown at once and until the sandbox's own state says the same: a second choice must
 * build on the first one, even while that is still on its way.
 */
export function useGuess<T>(given: T[], key: (item: T) => string): [T[], (next: T[] | null) => void] {
  const [guess, setGuess] = useState<T[] | null>(null);
  const keys = (items: T[]) => JSON.stringify(items.map(key).sort());
  const confirmed = guess !== null && keys(guess) === keys(given);
  useEffect(() => {
    // Another choice may have been made since this was drawn: that one is not confirmed yet.
    if (confirmed) setGuess((now) => (now === guess ? null : now));
  }, [confirmed, guess]);
  return [guess ?? given, setGuess];
}
