using System.Text;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>The rules that hold: those of <c>alerts.yaml</c> in the data folder, read when it has changed. While it has faults the rules before it go on; the faults are told.</summary>
public sealed partial class RulesFile
{
    /// <summary>Its name in the data folder.</summary>
    public const string File = "alerts.yaml";

    private const int LongestFile = 1 << 20;

    private readonly string _path;
    private readonly ILogger<RulesFile> _log;
    private (DateTime Written, long Length)? _seen;

    /// <summary>The rules of a data folder, read once.</summary>
    public RulesFile(DataFolder folder, ILogger<RulesFile> log)
    {
        ArgumentNullException.ThrowIfNull(folder);
        (_path, _log) = (Path.Combine(folder.Disk.Root, File), log);
        Refresh();
    }

    /// <summary>The rules.</summary>
    public AlertRules Rules { get; private set; } = BuiltInRules.Alone;

    /// <summary>What is wrong with the file as it is now; empty: nothing, or there is none.</summary>
    public IReadOnlyList<string> Faults { get; private set; } = [];

    /// <summary>Reads the file if it has changed. Not for several threads at once.</summary>
    public void Refresh()
    {
        var info = new FileInfo(_path);
        (DateTime Written, long Length)? now = info.Exists ? (info.LastWriteTimeUtc, info.Length) : null;
        if (now == _seen)
            return;
        _seen = now;
        if (now is null)
        {
            (Rules, Faults) = (BuiltInRules.Alone, []);
            return;
        }

        var (rules, faults) = Read(info.Length);
        Faults = faults;
        if (rules is not null)
            Rules = rules;
        if (faults.Count == 0)
            LogRead(Rules.Rules.Count);
        else
            LogFaults(string.Join(' ', faults));
    }

    private (AlertRules? Rules, IReadOnlyList<string> Faults) Read(long length)
    {
        if (length > LongestFile)
            return (null, [$"{File} has {length} bytes; at most {LongestFile} are read."]);
        try
        {
            var (rules, faults) = AlertRulesReader.Read(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(System.IO.File.ReadAllBytes(_path)));
            return (rules, [.. faults.Select(fault => $"{File}:{fault}")]);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            _seen = null; // looked at again
            return (null, [$"{File} cannot be read as UTF-8 text: {unreadable.GetType().Name}. Check the file and this account's rights on it."]);
        }
    }

    [LoggerMessage(1601, LogLevel.Information, "alerts.yaml was read: {Count} rules hold")]
    private partial void LogRead(int count);

    [LoggerMessage(1602, LogLevel.Error, "alerts.yaml has faults, and the rules before it go on: {Faults}")]
    private partial void LogFaults(string faults);
}
