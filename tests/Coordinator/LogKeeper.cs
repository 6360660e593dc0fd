using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>One entry of a log, as it is written, with what was thrown.</summary>
internal sealed record LoggedEntry(LogLevel Level, string Text);

/// <summary>Keeps what this software logs, and not what the libraries under it do.</summary>
internal sealed class LogKeeper : ILoggerProvider
{
    private readonly ConcurrentQueue<LoggedEntry> _entries = new();
    private readonly Signal _added = new();

    public IReadOnlyCollection<LoggedEntry> Entries => _entries;

    /// <summary>Completes when the next entry is written. Ask before looking.</summary>
    public Task NextEntry => _added.Next;

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith(nameof(FederatedClinicalMl), StringComparison.Ordinal) ? new Logger(this) : NullLogger.Instance;

    public void Dispose()
    {
    }

    private sealed class Logger(LogKeeper keeper) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            keeper._entries.Enqueue(new LoggedEntry(logLevel, exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception.Message}"));
            keeper._added.Raise();
        }
    }
}
