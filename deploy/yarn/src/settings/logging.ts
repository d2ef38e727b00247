/** `log4j.properties`, for Hadoop's daemons. */
export const HADOOP_LOGGING = `log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
`;

/** `log4j2.properties`, for Spark and the metastore. */
export const SPARK_LOGGING = `rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{2}: %m%n%ex
# What became of the application on YARN, and where it waits.
logger.yarn.name = org.apache.spark.deploy.yarn.Client
logger.yarn.level = info
`;
