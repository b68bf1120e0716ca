import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/**
 * A server of MongoDB's protocol: {@code java -cp 'jars/*' Start.java <port> <file>}. Port 0 picks a free one; the
 * port it listens on is printed. Ends with its standard input, so that it never outlives who started it.
 */
public class Start {
  /** The driver refuses the wire version that the library reports by default. */
  private static final MongoVersion VERSION =
      new MongoVersion() {
        @Override
        public List<Integer> getVersionArray() {
          return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
          return 13;
        }
      };

  public static void main(String[] arguments) throws Exception {
    MongoBackend backend = new H2Backend(arguments[1]).version(VERSION);
    MongoServer server = new MongoServer(backend);
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    System.out.println(server.getLocalAddress().getPort());
    while (System.in.read() >= 0) {
      // Nothing is expected but the end.
    }
    System.exit(0);
  }
}
