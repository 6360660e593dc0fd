using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Enrolment;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>What becomes of the demo's model once it is trained: two people promote it, every hospital's steward allows it, and the first hospital's scoring program answers with it.</summary>
/// <param name="federation">The federation.</param>
/// <param name="study">The study, whose name is the line's.</param>
/// <param name="terminal">Where it is shown.</param>
/// <param name="say">Says a step.</param>
/// <param name="time">The clock.</param>
internal sealed class DemoServing(LocalFederation federation, Study study, Terminal terminal, Action<string> say, TimeProvider time)
{
    private const string Reason = "Seen its card";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>Before anything is done: whether there is a program that scores.</summary>
    /// <exception cref="CliException">It is not installed.</exception>
    public static void Insist(Executables programs)
    {
        if (programs.Scoring is null)
            throw new CliException(ExitCode.Usage, "The program 'site-scoring' is not there: 'dotnet build site-agent/Scoring' builds it. It is no part of fcml, so that who does not score downloads no ONNX Runtime.");
    }

    /// <summary>Promotes a model to production, puts it on the shelves, and has one patient scored.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">The first hospital's rows.</param>
    /// <param name="cancel">Stops.</param>
    /// <returns>What to try next, while it is kept running.</returns>
    public async Task<string[]> RunAsync(Registered model, CohortRows rows, CancellationToken cancel)
    {
        var admin = federation.Admin;
        var version = (await admin.AskAsync(admin.Stages.ProposeVersionAsync(new ProposeVersionRequest { Model = model.Summary.Digest }, cancellationToken: cancel), cancel)).Version;
        await admin.AskAsync(admin.Stages.ConfirmVersionAsync(new ConfirmVersionRequest { Model = model.Summary.Digest, Version = version }, cancellationToken: cancel), cancel);
        var gates = await admin.AskAsync(admin.Stages.CheckGatesAsync(new CheckGatesRequest { Line = study.Name, Version = version }, cancellationToken: cancel), cancel);
        if (gates.Gates.FirstOrDefault(gate => !gate.Passed) is { } failed)
        {
            say($"version {version} is not promoted, and nobody is scored: its gate [red]{failed.Gate}[/] does not pass: {Spectre.Console.Markup.Escape(failed.Sentence)}");
            return [];
        }

        using var clinician = await ClinicianAsync(cancel);
        foreach (var stage in (string[])["staging", "production"])
        {
            var promotion = new PromotionRequest { Line = study.Name, Version = version, To = stage, Reason = Reason };
            await admin.AskAsync(admin.Stages.AskPromotionAsync(promotion, cancellationToken: cancel), cancel);
            foreach (var person in (Connection[])[admin, clinician])
                await person.AskAsync(person.Stages.ApprovePromotionAsync(promotion, cancellationToken: cancel), cancel);
        }

        say($"version {version} of {study.Name} passed its {gates.Gates.Count} gates, and an admin and a clinician agreed: it is in production");
        foreach (var hospital in federation.Sites)
            await hospital.WorkerVerbAsync(["models", "allow", study.Name, "--signer", model.Key.Fingerprint.ToString(), "--modes", "shadow,canary,production", .. study.Privacy is null ? (string[])["--report", "daily"] : []], cancel);
        var site = federation.Sites[0];
        var scoring = await site.StartScoringAsync(cancel);
        using var client = new HttpClient { BaseAddress = scoring.Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", scoring.Key);
        await InUseAsync(client, version, cancel);
        say($"each hospital's steward allowed it; {site.Name} scores with it at {scoring.Address}, and its worker's shelf is all that its scoring program knows of the federation");

        var (answer, came) = await ScoreAsync(client, rows, cancel);
        var said = answer["score"] ?? answer["value"] ?? throw new CliException(ExitCode.Refused, $"The scoring program has no answer about a patient of the test rows: {answer["reason"]?.ToJsonString()}");
        say(Text($"of a patient of its test rows it says [bold]{said.GetValue<double>():0.000}[/]{Spectre.Console.Markup.Escape(study.Data.Label.Number?.AfterNumber ?? "")}; what came: {came}"));
        terminal.Emit("scored", new { site = site.Name, address = scoring.Address, answer });
        return
        [
            $"curl -H 'Authorization: Bearer {scoring.Key}' {scoring.Address}v1/models/{study.Name}   # versions, features and their units",
            $"fcml models rollback {study.Name} {version} --reason \"Try it\" --identity {federation.AdminIdentity}   # at once: within a second or two no hospital answers with it",
            $"site-scoring predictions show --data {scoring.Folder}   # what was said of whom, inside the hospital",
        ];
    }

    private async Task<Connection> ClinicianAsync(CancellationToken cancel)
    {
        var folder = Path.Combine(federation.Folder, "clinician");
        var subject = new Subject { Kind = Subject.Types.Kind.Person, Role = Subject.Types.Role.Clinician, Name = "clinician" };
        var reply = await federation.Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = 1 }, cancellationToken: cancel), cancel);
        using (await EnrolCommand.RedeemAsync(reply.Invitation, folder, time, cancel))
            return Connection.Open(folder, time);
    }

    // The order travels to the site's gateway and worker, and the program looks at the shelf each second.
    private async Task InUseAsync(HttpClient client, string version, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < s_patience)
        {
            using var reply = await client.GetAsync($"v1/models/{study.Name}", cancel);
            if (reply.StatusCode == HttpStatusCode.OK && (await reply.Content.ReadFromJsonAsync<JsonNode>(cancel))!["versions"]!.AsArray().Any(there => (string?)there!["version"] == version && there["usable"]!.GetValue<bool>()))
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancel);
        }

        throw new CliException(ExitCode.ChildEnded, $"The scoring program of {federation.Sites[0].Name} has not taken version {version} into use within {s_patience.TotalSeconds:0} seconds. Logs: {federation.Logs}.");
    }

    private async Task<(JsonNode Answer, float Came)> ScoreAsync(HttpClient client, CohortRows rows, CancellationToken cancel)
    {
        var features = study.Data.Features;
        var values = new JsonObject(features.Select((feature, at) => KeyValuePair.Create(feature.Name, double.IsNaN(rows.Values[at]) ? null : (JsonNode?)rows.Values[at])));
        using var reply = await client.PostAsJsonAsync($"v1/models/{study.Name}/score", new JsonObject { ["patient"] = "demo-patient", ["features"] = values }, cancel);
        var said = await reply.Content.ReadAsStringAsync(cancel);
        if (reply.StatusCode != HttpStatusCode.OK)
            throw new CliException(ExitCode.Refused, $"The scoring program answered {(int)reply.StatusCode}: {said}");
        return (JsonNode.Parse(said)!, rows.Labels[0]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
