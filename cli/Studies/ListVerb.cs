using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study list</c>: studies with each site's verdict, then runs.</summary>
internal static class ListVerb
{
    public static Verb Create(TimeProvider time) =>
        new Verb("list", "List studies with each site's verdict, and their runs.", "fcml study list", "fcml study list --json").Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var studies = await connection.AskAsync(admin => admin.ListStudiesAsync(new ListStudiesRequest(), cancellationToken: cancel), cancel);
            var runs = await connection.AskAsync(admin => admin.ListRunsAsync(new ListRunsRequest(), cancellationToken: cancel), cancel);

            var studyTable = new Table().AddColumns("study", "digest", "sites");
            foreach (var study in studies.Studies)
            {
                studyTable.AddRow(study.Name.EscapeMarkup(), study.Digest[..12], string.Join('\n', study.Verdicts.Select(Verdict)).EscapeMarkup());
                terminal.Emit("study", new
                {
                    study.Name, study.Digest, study.Purpose,
                    verdicts = study.Verdicts.Select(verdict => new { verdict.Site, verdict.State, reason = Reason(verdict.Reason) }),
                });
            }

            var runTable = new Table().AddColumns("run", "study", "status", "round", "model");
            foreach (var run in runs.Runs)
            {
                runTable.AddRow(run.Run, run.StudyDigest[..12], run.Status.EscapeMarkup(), $"{run.Round}/{run.Rounds}", run.Model.Length == 0 ? "-" : run.Model[..12]);
                terminal.Emit("run", new { run.Run, run.StudyDigest, run.Status, run.Round, run.Rounds, model = run.Model.Length == 0 ? null : run.Model });
            }

            terminal.Show(studyTable);
            terminal.Show(runTable);
            return ExitCode.Success;
        });

    private static string Verdict(SiteVerdict verdict) => verdict.State switch
    {
        StudyVerdict.Types.State.Unspecified => $"{verdict.Site}: no answer yet",
        StudyVerdict.Types.State.Pending => $"{verdict.Site}: waits for its steward",
        _ => $"{verdict.Site}: {verdict.State.ToString().ToLowerInvariant()}{(Reason(verdict.Reason) is { } reason ? $" ({reason})" : "")}",
    };

    private static string? Reason(SiteReason reason) => reason == SiteReason.Unspecified ? null : reason.ToString();
}
