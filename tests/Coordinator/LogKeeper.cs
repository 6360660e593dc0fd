using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>One entry of a log, as it is written.</summary>
internal sealed record LoggedEntry(LogLevel Level, string Text);

/// <summary>Keeps what this software logs, and not what the libraries under it do.</summary>
internal sealed class LogKeeper : ILoggerProvider
{
    private readonly ConcurrentQueue<LoggedEntry> _entries = new();

    public IReadOnlyCollection<LoggedEntry> Entries => _entries;

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith(nameof(FederatedClinicalMl), StringComparison.Ordinal) ? new Logger(_entries) : NullLogger.Instance;

    public void Dispose()
    {
    }

    private sealed class Logger(ConcurrentQueue<LoggedEntry> entries) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            entries.Enqueue(new LoggedEntry(logLevel, formatter(state, exception)));
    }
}
