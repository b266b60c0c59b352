// A poll as the API, the room and the page tell it.

export interface Choice {
  id: string;
  label: string;
  votes: number;
  coins: number;
}

export interface Poll {
  id: string;
  code: string;
  question: string;
  status: "open" | "closed" | "settled";
  coins_per_vote: number;
  max_votes_per_viewer: number;
  options: Choice[];
  /** The answer that proved right. */
  winner: string | null;
  /** The viewer's votes over the whole poll; null: nobody is signed in, or the room tells it. */
  my_votes: number | null;
}

export const votesOf = (poll: Poll): number => poll.options.reduce((sum, { votes }) => sum + votes, 0);

/** A share in whole percent, half of one up, as the page's first drawing has it. */
export const percentOf = (votes: number, all: number): number => (all > 0 ? Math.floor((votes * 100 + Math.floor(all / 2)) / all) : 0);
