using System.Net;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Telemetry;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator;

/// <summary>How a coordinator runs.</summary>
/// <param name="DataFolder">Its data folder, made by <c>coordinator init</c>.</param>
public sealed record CoordinatorOptions(string DataFolder)
{
    /// <summary>Where it listens; null: every address, on the port that its data folder names. Port 0: any free port, which invitations then name.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Where pages for people are served; null: nowhere.</summary>
    public DashboardListener? Dashboard { get; init; }

    /// <summary>What it tells of itself.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How sessions are kept alive.</summary>
    public SessionOptions Sessions { get; init; } = SessionOptions.Default;

    /// <summary>Where logs go; null: to the console's error stream and to rolling files in <c>logs/</c>.</summary>
    public Action<ILoggingBuilder>? Logging { get; init; }
}
