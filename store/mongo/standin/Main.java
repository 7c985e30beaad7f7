import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** A MongoDB in memory for tests; prints its port and ends with its standard input, whoever ends that. */
public final class Main {
    /** The driver turns servers away that speak less than the wire version of MongoDB 4.4. */
    private static final MongoVersion VERSION = new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }
    };

    public static void main(String[] args) throws Exception {
        MongoServer server = new MongoServer(new MemoryBackend().version(VERSION));
        server.enableOplog(); // for change streams
        server.bind("127.0.0.1", args.length > 0 ? Integer.parseInt(args[0]) : 0);
        System.out.println(server.getLocalAddress().getPort());
        while (System.in.read() >= 0) { }
        System.exit(0);
    }
}
