using System.Collections.Immutable;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>How much an alert matters.</summary>
public enum Severity
{
    /// <summary>Worth knowing.</summary>
    Info = 1,

    /// <summary>Somebody has to look, within days.</summary>
    Warning = 2,

    /// <summary>Somebody has to look now; opens an incident.</summary>
    Critical = 3,
}

/// <summary>When a rule holds.</summary>
public abstract record Condition;

/// <summary>The value is beyond a bound.</summary>
/// <param name="Above">Above it; else below.</param>
/// <param name="Bound">The bound, itself outside.</param>
public sealed record Threshold(bool Above, double Bound) : Condition;

/// <summary>The value has moved by at least so much within a window.</summary>
/// <param name="Rise">Up from its least; else down from its greatest.</param>
/// <param name="By">How much.</param>
/// <param name="Within">The window.</param>
public sealed record Change(bool Rise, double By, TimeSpan Within) : Condition;

/// <summary>The signal has said nothing of a subject that the rule is about.</summary>
/// <param name="Longer">For so long since what it said last; where it has said nothing of any, since the coordinator's start.</param>
public sealed record Absence(TimeSpan Longer) : Condition;

/// <summary>Becoming more severe when nobody acknowledges.</summary>
/// <param name="After">How long after it was opened.</param>
/// <param name="To">To which severity.</param>
/// <param name="Notify">Names of channels that are told then, besides those of the rule.</param>
public sealed record Escalation(TimeSpan After, Severity To, params ImmutableArray<string> Notify);

/// <summary>A rule, checked.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Signal">What it looks at.</param>
/// <param name="Where">Labels that a subject must have.</param>
/// <param name="Condition">When it holds.</param>
/// <param name="For">For how long it must hold.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Escalation">When it comes to matter more; null: never.</param>
/// <param name="Runbook">Where it says what to do: an https address, or a page of docs, of which the dashboard serves the runbooks of the built-in rules.</param>
/// <param name="Notify">Names of channels that are told.</param>
/// <param name="Group">Alerts of one group are told together, and share an incident.</param>
public sealed record AlertRule(
    string Name, MonitoredSignal Signal, Subject Where, Condition Condition, TimeSpan For, Severity Severity, Escalation? Escalation, string Runbook, ImmutableArray<string> Notify, string Group)
{
    /// <summary>Names of channels that are told of an alert of it as it is now.</summary>
    public IEnumerable<string> ToldOf(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return alert.Escalated && Escalation is { } escalation ? Notify.Concat(escalation.Notify) : Notify;
    }
}

/// <summary>Where alerts are told.</summary>
/// <param name="Name">Its name in rules.</param>
public abstract record Channel(string Name);

/// <summary>A POST of signed JSON.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">https, or http on this machine.</param>
/// <param name="SecretFile">File with the secret of the signature.</param>
public sealed record WebhookChannel(string Name, Uri Address, string SecretFile) : Channel(Name);

/// <summary>A letter by SMTP.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Server">The server's name; TLS is needed unless it is this machine and nobody signs in.</param>
/// <param name="Port">Its port.</param>
/// <param name="From">Sender.</param>
/// <param name="To">Recipients.</param>
/// <param name="User">Who signs in; null: nobody.</param>
/// <param name="PasswordFile">File with the password; null: nobody signs in.</param>
/// <param name="ImplicitTls">Whether TLS is spoken from the first byte, without STARTTLS.</param>
/// <param name="AuthorityFile">File with the authorities that may have issued the server's certificate, and no others; null: those that this machine trusts.</param>
public sealed record MailChannel(
    string Name, string Server, int Port, string From, ImmutableArray<string> To, string? User, string? PasswordFile, bool ImplicitTls = false, string? AuthorityFile = null) : Channel(Name);

/// <summary>What proposes to train a line again.</summary>
/// <param name="Line">The line.</param>
/// <param name="Alerts">Names of rules whose alerts about it do.</param>
/// <param name="Cron">Five fields, UTC; null: not by time.</param>
/// <param name="AutoStart">Whether a proposal that a trigger opens is approved by this file, where the study lets its runs start by themselves.</param>
public sealed record Retraining(string Line, ImmutableArray<string> Alerts, Cronos.CronExpression? Cron, bool AutoStart);

/// <summary>Everything that <c>alerts.yaml</c> says, with the built-in rules that it does not switch off. Immutable.</summary>
/// <param name="Rules">The rules, by name.</param>
/// <param name="Channels">The channels, by name.</param>
/// <param name="Retraining">What proposes retraining, by line.</param>
public sealed record AlertRules(
    ImmutableSortedDictionary<string, AlertRule> Rules, ImmutableSortedDictionary<string, Channel> Channels, ImmutableSortedDictionary<string, Retraining> Retraining)
{
    /// <summary>When sites are asked what served versions did; null: never.</summary>
    public Cronos.CronExpression? AskSites { get; init; }
}
