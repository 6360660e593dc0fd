namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>The console cannot start, or there is none to ask; the message says why and how to mend it.</summary>
public sealed class ConsoleSetupException(string message) : Exception(message);
