namespace FederatedClinicalMl.Durability;

/// <summary>A log does not hold what was written to it. Nothing is read from it until a person has looked: a log is evidence.</summary>
public sealed class LogBrokenException : Exception
{
    /// <summary>Names the log, the entry and what is wrong with it.</summary>
    public LogBrokenException(string path, long sequence, string how)
        : base($"'{path}', entry {sequence}: {how} Keep the file as it is, and restore the log from a backup that verifies.")
    {
        Path = path;
        Sequence = sequence;
        How = how;
    }

    /// <summary>The log's path on its disk.</summary>
    public string Path { get; }

    /// <summary>The first entry that is wrong, counted from 1.</summary>
    public long Sequence { get; }

    /// <summary>What is wrong with it.</summary>
    public string How { get; }
}
