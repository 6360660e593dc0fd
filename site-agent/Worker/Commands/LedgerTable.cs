using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The privacy ledger for people.</summary>
public static class LedgerTable
{
    /// <summary>Each population's accounts.</summary>
    public static void Write(TextWriter writer, LedgerReply reply)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(reply);
        foreach (var population in reply.Populations)
        {
            var also = population.Merged.Count == 0 ? "" : $"; also called {string.Join(", ", population.Merged)}";
            writer.WriteLine($"{population.Name} (data sets: {(population.Datasets.Count == 0 ? "none now" : string.Join(", ", population.Datasets))}{also})");
            if (population.Accounts.Count > 0)
                writer.WriteLine("  account                spent  with reserved   ceiling  remaining  at delta");
            foreach (var account in population.Accounts)
            {
                var name = account.Study.Length == 0 ? account.Scope : $"{account.Scope} {account.Study[..12]}";
                writer.WriteLine(Text($"  {name,-18} {account.Spent,9:0.0000}  {account.Held,13:0.0000} {account.Ceiling,9:0.####}  {account.Remaining,9:0.0000}  {account.Delta:0.##e+0}"));
            }
        }

        WriteRest(writer, reply);
    }

    /// <summary>The runs that have reserved their plan.</summary>
    public static void WriteRuns(TextWriter writer, LedgerReply reply)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(reply);
        foreach (var (population, run) in reply.Populations.SelectMany(population => population.Runs.Select(run => (population, run))))
        {
            writer.WriteLine(Text($"run {run.Run} of study {run.Study[..12]} on {population.Name} ({run.Dataset}): {run.Released} releases charged, {run.Left} of {run.Charges} charges still reserved; the whole plan alone: epsilon {run.Planned:0.0000}; root kept until {run.KeepRoot}"));
        }

        if (reply.Populations.All(population => population.Runs.Count == 0))
            writer.WriteLine("no run has anything reserved");
        WriteRest(writer, reply);
    }

    private static void WriteRest(TextWriter writer, LedgerReply reply)
    {
        if (reply.Ceilings.Length > 0)
            writer.WriteLine(reply.Ceilings);
        writer.WriteLine(reply.HeadSequence == 0 ? "the ledger has no entry yet" : Text($"head {reply.HeadSequence}:{reply.Head}, countersigned up to {reply.CountersignedSequence}"));
        foreach (var head in reply.Behind)
            writer.WriteLine($"BEHIND: this worker has released under {head}, which its log lacks. Nothing is charged until the newest log is back, or 'site-worker ledger resolve' says what the missing entries had cost.");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
