import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.BsonRegularExpression;
import de.bwaldvogel.mongo.bson.Document;
import io.netty.channel.Channel;
import java.nio.charset.Charset;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

/** A MongoDB in memory for tests; prints its port and ends when its standard input is closed. */
public final class Main {
    public static void main(String[] args) throws Exception {
        MongoServer server = new MongoServer(new Bytewise().version(new Version()));
        server.enableOplog(); // for change streams
        server.bind("127.0.0.1", args.length > 0 ? Integer.parseInt(args[0]) : 0);
        System.out.println(server.getLocalAddress().getPort());
        while (System.in.read() >= 0) { }
        System.exit(0);
    }

    /** The driver turns servers away that speak less than the wire version of MongoDB 4.4. */
    private static final class Version implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }
    }

    /**
     * MongoDB compares strings by their UTF-8, Java by its UTF-16: in here, each byte is a character. And one command
     * at a time, because this back end is not made for indexes that are added while it is at work.
     */
    private static final class Bytewise extends MemoryBackend {
        @Override
        public synchronized Document handleCommand(Channel channel, String database, String command, Document query) {
            Object bytes = recode(query, UTF_8, ISO_8859_1);
            return (Document) recode(super.handleCommand(channel, database, command, (Document) bytes), ISO_8859_1, UTF_8);
        }

        /** MongoDB's dates have milliseconds; $currentDate of this back end compares nanoseconds that nobody sees. */
        private static void setCurrentDate(Document update) {
            if (update.get("$currentDate") instanceof Document fields) {
                Document set = update.get("$set") instanceof Document there ? there : new Document();
                fields.keySet().forEach(field -> set.put(field, Instant.now().truncatedTo(ChronoUnit.MILLIS)));
                update.remove("$currentDate");
                update.put("$set", set);
            }
        }

        private static Object recode(Object value, Charset from, Charset to) {
            if (value instanceof String text) {
                return new String(text.getBytes(from), to);
            } else if (value instanceof Document document) {
                Document copy = new Document();
                document.forEach((key, each) -> copy.put((String) recode(key, from, to), recode(each, from, to)));
                setCurrentDate(copy);
                return copy;
            } else if (value instanceof Collection<?> list) {
                List<Object> copy = new ArrayList<>(list.size());
                list.forEach(each -> copy.add(recode(each, from, to)));
                return copy;
            } else if (value instanceof BsonRegularExpression expression) {
                return recode(expression.toDocument(), from, to);
            }
            return value;
        }
    }
}
