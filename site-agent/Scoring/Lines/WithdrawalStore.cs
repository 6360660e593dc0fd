using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>A line that was stopped at this site.</summary>
/// <param name="Line">The line.</param>
/// <param name="Client">Who did it: a client's name, or "operator".</param>
/// <param name="At">When.</param>
/// <param name="Text">Why, in their words; stays in this program's folder, for it may speak of a patient.</param>
internal sealed record LineStop(string Line, string Client, DateTimeOffset At, string Text);

/// <summary>
/// What was taken out of use at this site, on the disk: withdrawn versions for the worker to read, in the shared folder, and stops and when lines were resumed in the program's own. Each is durable
/// before anything follows from it.
/// </summary>
/// <param name="serving">The folder that is shared with the worker.</param>
/// <param name="own">The program's own folder.</param>
/// <param name="isReader">Whether it belongs to a command beside the program, which keeps to what is there and changes nothing of it: a version that it cannot load is out of use for itself, and wishes are the program's.</param>
internal sealed class WithdrawalStore(IDisk serving, IDisk own, bool isReader = false)
{
    private const string Stops = "stopped";
    private const string Resumes = "resume";
    private const string Resumed = "resumed";
    private const int LongestFile = 8192;

    /// <summary>Longest reason for a stop, in characters.</summary>
    public const int LongestText = 1000;

    /// <summary>Makes the folders, so that one that is missing later is a fault and not an empty one.</summary>
    public void Prepare()
    {
        serving.CreateDirectory(ServingPaths.Withdrawn);
        own.CreateDirectory(Stops);
        own.CreateDirectory(Resumes);
        own.CreateDirectory(Resumed);
    }

    /// <summary>What was withdrawn.</summary>
    /// <exception cref="FormatException">A file is no withdrawal.</exception>
    public IReadOnlyList<Withdrawal> Withdrawn() =>
        [.. serving.List(ServingPaths.Withdrawn).Where(IsFile).Select(name => Withdrawal.Read(DurableFile.Read(serving, $"{ServingPaths.Withdrawn}/{name}", Withdrawal.MaximumLength)))];

    /// <summary>Writes a withdrawal; a reader writes none.</summary>
    public void Write(Withdrawal withdrawal)
    {
        if (!isReader)
            DurableFile.Write(serving, ServingPaths.Withdrawal(withdrawal.Model), withdrawal.Write());
    }

    /// <summary>The lines that are stopped.</summary>
    /// <exception cref="FormatException">A file is no stop.</exception>
    public IReadOnlyList<LineStop> Stopped() => [.. own.List(Stops).Where(IsFile).Select(name => ReadStop(DurableFile.Read(own, $"{Stops}/{name}", LongestFile)))];

    /// <summary>Writes a stop.</summary>
    public void Write(LineStop stop) => DurableFile.Write(own, $"{Stops}/{stop.Line}.json", CanonicalJson.Write(new JsonObject
    {
        ["format"] = 1, ["line"] = stop.Line, ["client"] = stop.Client, ["at"] = CanonicalTime.Write(stop.At), ["text"] = stop.Text,
    }));

    /// <summary>Asks the running program to use a line again; one that is started later does so too.</summary>
    public void AskToResume(string line)
    {
        Prepare();
        DurableFile.Write(own, $"{Resumes}/{line}.json", "{}"u8);
    }

    /// <summary>Lines that are to be used again; none of a reader.</summary>
    public IReadOnlyList<string> ToResume() => isReader ? [] : [.. own.List(Resumes).Where(IsFile).Select(name => name[..^".json".Length])];

    /// <summary>When lines were resumed last, by name; one that never was is not among them.</summary>
    /// <exception cref="FormatException">A file says no time.</exception>
    public IReadOnlyDictionary<string, DateTimeOffset> ResumedAt() =>
        own.List(Resumed).Where(IsFile).ToDictionary(name => name[..^".json".Length], name => ReadResumed(DurableFile.Read(own, $"{Resumed}/{name}", LongestFile)), StringComparer.Ordinal);

    /// <summary>Forgets what was taken out of use of a line, and keeps when: what was learned before counts no more. The wish goes last: who is killed before it does it all again.</summary>
    public void Resume(string line, DateTimeOffset at)
    {
        DurableFile.Write(own, $"{Resumed}/{line}.json", CanonicalJson.Write(new JsonObject { ["format"] = 1, ["at"] = CanonicalTime.Write(at) }));
        foreach (var withdrawal in Withdrawn().Where(withdrawal => withdrawal.Line == line))
            serving.Delete(ServingPaths.Withdrawal(withdrawal.Model));
        serving.SyncDirectory(ServingPaths.Withdrawn);
        own.Delete($"{Stops}/{line}.json");
        own.SyncDirectory(Stops);
        own.Delete($"{Resumes}/{line}.json");
        own.SyncDirectory(Resumes);
    }

    private static bool IsFile(string name) => name.EndsWith(".json", StringComparison.Ordinal);

    private static LineStop ReadStop(byte[] json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "stop");
        fields.Integer("format", 1, 1);
        var stop = new LineStop(fields.Text("line", 63), fields.Text("client", 63), Time(fields, "stop"), fields.Text("text", LongestText));
        fields.End();
        return stop;
    }

    private static DateTimeOffset ReadResumed(byte[] json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "resumed");
        fields.Integer("format", 1, 1);
        var at = Time(fields, "resumed");
        fields.End();
        return at;
    }

    private static DateTimeOffset Time(JsonFields fields, string what) =>
        CanonicalTime.TryRead(fields.Text("at", CanonicalTime.Length), out var at) ? at : throw new FormatException($"{what}.at must be a time in UTC with milliseconds.");
}
