using System.CommandLine;
using FederatedClinicalMl.Cli.Audit;
using FederatedClinicalMl.Cli.Bench;
using FederatedClinicalMl.Cli.CoordinatorHost;
using FederatedClinicalMl.Cli.Dashboard;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.Cli.Enrolment;
using FederatedClinicalMl.Cli.Features;
using FederatedClinicalMl.Cli.Members;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Monitoring;
using FederatedClinicalMl.Cli.Privacy;
using FederatedClinicalMl.Cli.Replay;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Cli.Synth;

namespace FederatedClinicalMl.Cli;

/// <summary>Every verb, in the order in which the help lists them.</summary>
internal static class Verbs
{
    public static IEnumerable<Command> All(TimeProvider time) =>
    [
        DemoCommand.Create(time),
        CoordinatorCommand.Create(),
        EnrolCommand.Create(time),
        SiteCommand.Create(time),
        PersonCommand.Create(time),
        DashboardCommand.Create(time),
        FeaturesCommand.Create(),
        StudyCommand.Create(time),
        PrivacyCommand.Create(),
        ModelsCommand.Create(time),
        AlertsCommand.Create(time),
        IncidentsCommand.Create(time),
        ProposalsCommand.Create(time),
        AuditCommand.Create(time),
        SynthCommand.Create(),
        SimulateCommand.Create(time),
        ReplayCommand.Create(time),
        BenchCommand.Create(time),
    ];
}
