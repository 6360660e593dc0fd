namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The program's folder or configuration is not as it must be; the message says how to mend it.</summary>
public sealed class ScoringSetupException(string message) : Exception(message);
