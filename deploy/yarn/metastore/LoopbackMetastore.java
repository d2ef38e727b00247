import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.metastore.HiveMetaStore;
import org.apache.hadoop.hive.metastore.HiveMetaStore.HMSHandler;
import org.apache.hadoop.hive.metastore.IHMSHandler;
import org.apache.hadoop.hive.metastore.TUGIBasedProcessor;
import org.apache.hadoop.hive.thrift.TUGIContainingTransport;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TServerSocket;

/**
 * Hive's metastore service on 127.0.0.1 alone; HiveMetaStore's own main listens on every interface of the machine.
 * The one argument is the port. The settings are those of hive-site.xml on the class path.
 */
public final class LoopbackMetastore {
  private LoopbackMetastore() {}

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    HiveConf conf = new HiveConf(HiveMetaStore.class);
    IHMSHandler handler = HiveMetaStore.newRetryingHMSHandler(new HMSHandler("metastore", conf, false), conf);
    InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port);
    // Clients say first as which user they come, as HiveMetaStore has it with hive.metastore.execute.setugi.
    new TThreadPoolServer(
            new TThreadPoolServer.Args(new TServerSocket(address))
                .processor(new TUGIBasedProcessor<>(handler))
                .transportFactory(new TUGIContainingTransport.Factory())
                .protocolFactory(new TBinaryProtocol.Factory())
                .minWorkerThreads(4)
                .maxWorkerThreads(64))
        .serve();
  }
}
