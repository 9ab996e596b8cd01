import { useEffect } from "react";
import { Blocks } from "./Blocks";
import { useDesk } from "./context";

/** The app's Home tab for the person acted as. */
export function Home() {
  const { world, run, me } = useDesk();
  useEffect(() => void run("open_home", {}), [me]); // eslint-disable-line
  const home = world.home;
  return (
    <div className="home" data-testid="home">
      {home ? (
        <Blocks
          blocks={home.blocks}
          place={{ where: home.id, kind: "view", state: home.state.values, errors: home.errors }}
        />
      ) : (
        <p className="nothing">The app has not published a Home tab for you yet.</p>
      )}
    </div>
  );
}
